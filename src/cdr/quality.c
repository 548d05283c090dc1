#include "cdr/quality.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HUNDRED = 100, NUMBER_SIZE = 32 };

/* Asterisk's Media Experience Score is a MOS, 1 to 5, as a percentage. */
static const double mes_of_mos = 20;

/* ITU-T G.113, appendix I, of G.711 without concealment: how quickly losses are heard. */
static const double robustness = 4.3;

/* -1 for what is no number; no sign, no exponent: nobody writes them. */
static double number_at(const char *text, size_t len)
{
    char copy[NUMBER_SIZE];

    if (len == 0 || len >= sizeof(copy) || strspn(text, "0123456789.") < len)
        return -1;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return strtod(copy, NULL);
}

static int32_t to_hundredths(double number)
{
    return number < 0 || number > INT32_MAX / HUNDRED ? CDR_UNKNOWN
                                                      : (int32_t)(number * HUNDRED + 0.5);
}

int32_t quality_hundredths(const char *text)
{
    return to_hundredths(number_at(text, strlen(text)));
}

void quality_take_edge(struct cdr_leg *leg, const char *text)
{
    int32_t *const to[] = {&leg->mos, &leg->loss, &leg->jitter};

    for (size_t i = 0; i < DP_COUNT(to) && *text; i++) {
        size_t len = strcspn(text, " ");

        *to[i] = to_hundredths(number_at(text, len));
        text += len + (text[len] == ' ');
    }
}

/* The value of `name` in "name=value;name=value", -1 for none. */
static double value_of(const char *text, const char *name)
{
    size_t len = strlen(name);

    for (; *text; text += strcspn(text, ";"), text += *text == ';')
        if (strncmp(text, name, len) == 0 && text[len] == '=')
            return number_at(text + len + 1, strcspn(text + len + 1, ";"));
    return -1;
}

/* ITU-T G.107 with all defaults but the loss (7-29, B-4): a phone that reports nothing lets
 * Asterisk know no delay, without which it gives no score. */
static double mos_of_loss(double percent)
{
    double r = 93.2 - 95 * percent / (percent + robustness);

    return r <= 0 ? 1 : 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
}

void quality_take_asterisk(struct cdr_leg *leg, const char *text)
{
    double received = value_of(text, "rxcount"), lost = value_of(text, "lp");
    double mes = value_of(text, "rxmes"), percent;

    if (received <= 0 || received > INT32_MAX || lost < 0)
        return;
    leg->packets = (int32_t)received;
    if (lost <= 0 && mes <= 0 && received < QUALITY_PACKETS_MIN)
        return;
    percent = HUNDRED * lost / (received + lost);
    leg->loss = to_hundredths(percent);
    leg->jitter = to_hundredths(1000 * value_of(text, "rxjitter"));
    leg->mos = to_hundredths(mes > 0 ? mes / mes_of_mos : mos_of_loss(percent));
}
