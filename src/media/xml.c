#include "media/xml.h"

#include <errno.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/*
 * Length of the UTF-8 sequence at `text`, or 0 when it is none that XML 1.0 2.2 allows: overlong,
 * surrogate, beyond U+10FFFF, U+FFFE, U+FFFF or a control character other than tab, CR and LF.
 */
static size_t sequence_length(const unsigned char *text)
{
    unsigned char lead = text[0];
    unsigned long point;
    size_t length, i;

    if (lead < 0x80)
        return lead >= 0x20 ? lead != 0x7f : lead == '\t' || lead == '\n' || lead == '\r';
    length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    point = lead & (0x7fU >> length);
    for (i = 1; i < length; i++) {
        /* A NUL ends it too: it is no continuation byte. */
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text[i] & 0x3f);
    }
    if ((length == 3 && point < 0x800) || (length == 4 && (point < 0x10000 || point > 0x10ffff)))
        return 0;
    if ((point >= 0xd800 && point <= 0xdfff) || point == 0xfffe || point == 0xffff)
        return 0;
    return length;
}

/*
 * What stands for this character, or NULL when it stands for itself. Beyond what XML asks for:
 *
 * - '$': before parsing, FreeSWITCH replaces $${name} by a global variable, passwords among them.
 * - 'X': a line with "X-PRE-PROCESS" (in any case) is carried out if it is the command, and dropped
 *   otherwise.
 * - '<' is never written, so neither is "<?", which drops a line as well.
 * - '<' before '!': FreeSWITCH writes out and reads again what it has parsed (a user, each time one
 * is looked up), and from "<!" on it does so without escaping: the rest of the value would be
 * elements. No escape lasts until then, so it is no character here.
 * - Line breaks and tabs would be normalized to spaces in an attribute (XML 1.0 3.3.3).
 */
static const char *entity(const char *at)
{
    switch (*at) {
    case '&':
        return "&amp;";
    case '<':
        return at[1] == '!' ? REPLACEMENT : "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '$':
        return "&#36;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    case 'X':
        return at[1] == '-' ? "&#88;" : NULL;
    case 'x':
        return at[1] == '-' ? "&#120;" : NULL;
    default:
        return NULL;
    }
}

/* Bytes that are no character become U+FFFD, one each, so nothing vanishes without a trace. */
static void escape(struct buf *out, const char *value)
{
    const char *plain = value; /* start of what can be copied as it is */
    const char *instead;
    size_t length;

    while (*value) {
        length = sequence_length((const unsigned char *)value);
        instead = length ? entity(value) : REPLACEMENT;
        if (instead) {
            buf_add(out, plain, (size_t)(value - plain));
            buf_add_str(out, instead);
            plain = value + 1;
        }
        value += length ? length : 1;
    }
    buf_add(out, plain, (size_t)(value - plain));
}

static void end_tag(struct xml *xml)
{
    if (xml->in_tag)
        buf_add_char(xml->out, '>');
    xml->in_tag = false;
}

void xml_init(struct xml *xml, struct buf *out)
{
    *xml = (struct xml){.out = out};
}

void xml_open(struct xml *xml, const char *name)
{
    if (xml->depth == XML_DEPTH_MAX)
        xml->error = -EINVAL;
    if (xml->error)
        return;
    end_tag(xml);
    buf_add_char(xml->out, '<');
    buf_add_str(xml->out, name);
    xml->open[xml->depth++] = name;
    xml->in_tag = true;
}

void xml_attr(struct xml *xml, const char *name, const char *value)
{
    if (!xml->in_tag)
        xml->error = -EINVAL;
    if (xml->error)
        return;
    buf_add_char(xml->out, ' ');
    buf_add_str(xml->out, name);
    buf_add_str(xml->out, "=\"");
    escape(xml->out, value);
    buf_add_char(xml->out, '"');
}

void xml_attr_int(struct xml *xml, const char *name, long long value)
{
    if (!xml->in_tag)
        xml->error = -EINVAL;
    if (xml->error)
        return;
    buf_printf(xml->out, " %s=\"%lld\"", name, value);
}

void xml_close(struct xml *xml)
{
    if (!xml->depth)
        xml->error = -EINVAL;
    if (xml->error)
        return;
    xml->depth--;
    if (xml->in_tag) {
        buf_add_str(xml->out, "/>");
        xml->in_tag = false;
        return;
    }
    buf_add_str(xml->out, "</");
    buf_add_str(xml->out, xml->open[xml->depth]);
    buf_add_char(xml->out, '>');
}

int xml_finish(struct xml *xml)
{
    while (!xml->error && xml->depth)
        xml_close(xml);
    return xml->error ? xml->error : buf_error(xml->out);
}
