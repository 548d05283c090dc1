"""
SIPp scenarios, put together from steps: what a phone sends, waits for and reports.

A scenario tells the test what happens by `log` lines (phone.Leg.wait) and waits for the test by
wait_for_go: a MESSAGE with the Call-ID of the call, which only the test sends. So no test has to
guess how long something takes.

Keywords in {braces} are filled in by the phone, those in [brackets] by SIPp. SIPp's built-in
scenarios are no use here: its `uas` drops Record-Route, so an ACK would not find its way.
"""

import re

_SDP = """v=0
o=- 1 {version} IN IP4 {media_ip}
s=-
c=IN IP4 {media_ip}
t=0 0
m=audio {media_port} RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a={direction}"""

_VIA = "Via: SIP/2.0/[transport] {contact_ip}:[local_port];branch=[branch];rport"
_CONTACT = "Contact: <sip:{user}@{contact_ip}:[local_port];transport=[transport]>"
_FROM = "From: {name}<{from_uri}>;tag=[pid]from[call_number]"


def sdp(version=1, direction="sendrecv"):
    """A session description of the phone's RTP endpoint."""
    return _SDP.replace("{version}", str(version)).replace("{direction}", direction)


def send(lines, body="", retrans=True, kind="application/sdp"):
    """Sends a message; with `retrans` again until it is answered (RFC 3261 17.1, over UDP)."""
    attribute = ' retrans="500"' if retrans else ""
    if body:
        lines = [*lines, f"Content-Type: {kind}"]
    text = "\n".join([*lines, "Content-Length: [len]", "", body])
    return f"<send{attribute}><![CDATA[\n{text}\n]]></send>\n"


def expect(what, action="", **attributes):
    """Waits for a request (a word) or a response (a number)."""
    kind = "response" if str(what).isdigit() else "request"
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    inner = f"<action>{action}</action>" if action else ""
    return f'<recv {kind}="{what}"{more}>{inner}</recv>\n'


def log(event):
    """Reports an event, with the Call-ID, to the test."""
    return f'<nop><action><log message="event {event} [call_id]"/></action></nop>\n'


def wait_for_go():
    """Waits until the test calls Leg.go()."""
    return expect("MESSAGE")


def pause(milliseconds):
    """For a time that the test is about, such as that of a phone that rings for a while."""
    return f'<pause milliseconds="{milliseconds}"/>\n'


def _keep(variable, header, occurrence=1, pattern=".*"):
    return (f'<ereg regexp="{pattern}" search_in="hdr" header="{header}:" check_it="true" '
            f'occurrence="{occurrence}" assign_to="{variable}"/>')


# Tells the test where the other side wants its RTP.
_READ_SDP = (
    '<ereg regexp="c=IN IP4 ([0-9.]+)" search_in="body" check_it="true" assign_to="line,ip"/>'
    '<ereg regexp="m=audio ([0-9]+)" search_in="body" check_it="true" assign_to="line,port"/>'
    '<log message="event media [call_id] [$ip] [$port]"/>')


def document(*steps):
    """The whole scenario, of steps and lists of steps."""
    flat = [part for step in steps for part in (step if isinstance(step, list) else [step])]
    body = "".join(flat)
    # SIPp refuses a variable that is set and not used.
    names = {name for group in re.findall(r'assign_to="([^"]+)"', body)
             for name in group.split(",")}
    used = f'<Reference variables="{",".join(sorted(names))}"/>\n' if names else ""
    return f'<?xml version="1.0"?>\n<scenario name="phone">\n{body}{used}</scenario>\n'


# ---- the side that calls ---------------------------------------------------------------------

def register(expires, code=200, to=None, q=None):
    """REGISTER, the challenge, REGISTER with the answer to it, and what becomes of that."""
    contact = _CONTACT if q is None else f"{_CONTACT};q={q}"

    def request(cseq, *more):
        return send(["REGISTER sip:{domain} SIP/2.0", _VIA, _FROM, f"To: <{to or '{from_uri}'}>",
                     "Call-ID: [call_id]", f"CSeq: {cseq} REGISTER", contact, "Max-Forwards: 70",
                     f"Expires: {expires}", *more])
    return [request(1), expect(401, auth="true"), request(2, "{authentication}"), expect(code)]


def _initial(method, cseq, *more):
    """A request outside of a dialog to the number called."""
    return [f"{method} {{uri}} SIP/2.0", _VIA, _FROM, "To: <{uri}>", "Call-ID: [call_id]",
            f"CSeq: {cseq} {method}", _CONTACT, "Max-Forwards: 70", *more]


def _ack_failure(cseq):
    """Has the branch of the INVITE (RFC 3261 17.1.1.3), which the last reply carries."""
    return send(["ACK {uri} SIP/2.0", "[last_Via:]", _FROM, "[last_To:]", "Call-ID: [call_id]",
                 f"CSeq: {cseq} ACK", "Max-Forwards: 70"], retrans=False)


def invite_without_credentials(*headers):
    """An INVITE that is challenged, and no answer to the challenge."""
    return [send(_initial("INVITE", 1, *headers), sdp()), expect(100, optional="true"),
            expect(407, auth="true"), _ack_failure(1)]


def invite(*headers):
    """INVITE, the challenge, and INVITE (CSeq 2) with the answer to it."""
    return [*invite_without_credentials(*headers),
            send(_initial("INVITE", 2, "{authentication}", *headers), sdp()),
            expect(100, optional="true")]


def invite_by_address(*headers, request_uri="{uri}"):
    """An INVITE (CSeq 2) of a side that is not challenged."""
    lines = [f"INVITE {request_uri} SIP/2.0", *_initial("INVITE", 2, *headers)[1:]]
    return [send(lines, sdp()), expect(100, optional="true")]


def _in_dialog(method, cseq, *more):
    return [f"{method} [next_url] SIP/2.0", _VIA, _FROM, "To: <{uri}>[peer_tag_param]",
            "Call-ID: [call_id]", f"CSeq: {cseq} {method}", _CONTACT, "Max-Forwards: 70",
            "[routes]", *more]


def _provisional():
    """Whatever comes before the final reply: as many 180 as phones ring."""
    return [*[expect(180, optional="true")] * 4, expect(183, optional="true")]


def is_answered():
    """Any provisional replies, 200 and ACK."""
    return [*_provisional(),
            expect(200, _READ_SDP, rrs="true"), send(_in_dialog("ACK", 2), retrans=False),
            log("answered")]


def is_refused(code):
    """Any provisional replies, and this failure."""
    return [*_provisional(), expect(code),
            _ack_failure(2), log("refused")]


def cancel():
    """CANCEL, when the other phone rings and the test says so; has the branch of the INVITE."""
    request = ["CANCEL {uri} SIP/2.0", "Via:[$via1]", _FROM, "To: <{uri}>", "Call-ID: [call_id]",
               "CSeq: 2 CANCEL", "Max-Forwards: 70"]
    return [expect(180, _keep("via1", "Via")), log("ringing"), wait_for_go(), send(request),
            expect(200), expect(487), _ack_failure(2), log("cancelled")]


def request(method, cseq, *headers, body="", code=200, kind="application/sdp"):
    """A request of the caller within the dialog, and its answer (with ACK for INVITE)."""
    steps = [send(_in_dialog(method, cseq, *headers), body, kind=kind),
             expect(100, optional="true"), expect(code)]
    if method == "INVITE":
        steps.append(send(_in_dialog("ACK", cseq), retrans=False))
    return [*steps, log(method)]


# ---- the side that is called -----------------------------------------------------------------

# Of the INVITE: for requests of this side, whose From and To are swapped, and for the reply to it
# after a CANCEL. It has come through the edge, so there are two Vias.
_KEEP_INVITE = (_keep("their", "From") + _keep("our", "To") + _keep("via1", "Via")
                + _keep("via2", "Via", occurrence=2) + _keep("cseq", "CSeq"))


def is_invited():
    """Waits for a call; tells the test the peer's RTP address."""
    return [expect("INVITE", _KEEP_INVITE + _READ_SDP, rrs="true"), log("invited")]


def reply(code, reason, body="", tagged=True, retrans=False):
    """Answers the last request. `tagged`: it came without our To tag."""
    tag = ";tag=[pid]to[call_number]" if tagged else ""
    return send([f"SIP/2.0 {code} {reason}", "[last_Via:]", "[last_From:]", f"[last_To:]{tag}",
                 "[last_Call-ID:]", "[last_CSeq:]", "[last_Record-Route:]", _CONTACT],
                body, retrans)


def ring():
    return [reply(180, "Ringing"), log("ringing")]


def answer():
    """200 and its ACK."""
    return [reply(200, "OK", sdp(), retrans=True), expect("ACK"), log("answered")]


def answer_unheard():
    """200 after wait_for_go, sent twice; nobody's ACK is waited for."""
    ok = ["SIP/2.0 200 OK", "Via:[$via1]", "Via:[$via2]", "From:[$their]",
          "To:[$our];tag=[pid]to[call_number]", "Call-ID: [call_id]", "CSeq:[$cseq]", _CONTACT]
    return [send(ok, sdp(), retrans=False), pause(500), send(ok, sdp(), retrans=False),
            log("answered")]


def refuse(code, reason):
    """This failure and its ACK."""
    return [reply(code, reason, retrans=True), expect("ACK"), log("refused")]


def challenge(realm):
    """Asks for a password, and takes the INVITE that comes with one."""
    lines = ["SIP/2.0 407 Proxy Authentication Required", "[last_Via:]", "[last_From:]",
             "[last_To:];tag=[pid]challenge", "[last_Call-ID:]", "[last_CSeq:]",
             f'Proxy-Authenticate: Digest realm="{realm}",nonce="4711",qop="auth",algorithm=MD5']
    return [send(lines, retrans=True), expect("ACK"), expect("INVITE", rrs="true")]


def is_cancelled():
    """CANCEL while it rings: 200 to it, 487 to the INVITE (RFC 3261 9.2)."""
    terminated = ["SIP/2.0 487 Request Terminated", "Via:[$via1]", "Via:[$via2]", "From:[$their]",
                  "To:[$our];tag=[pid]to[call_number]", "[last_Call-ID:]", "CSeq:[$cseq]"]
    return [expect("CANCEL"), reply(200, "OK"), send(terminated), expect("ACK"), log("cancelled")]


def is_asked(method, body="", code=200, reason="OK"):
    """A request of the other side within the dialog, and the answer to it."""
    ack = [expect("ACK")] if method == "INVITE" else []
    return [expect(method), reply(code, reason, body, tagged=False, retrans=bool(ack)), *ack,
            log(method)]


def called_request(method, cseq, *headers, body="", code=200, kind="application/sdp"):
    """A request of the called side within the dialog, and its answer."""
    lines = [f"{method} [next_url] SIP/2.0", _VIA, "From:[$our];tag=[pid]to[call_number]",
             "To:[$their]", "Call-ID: [call_id]", f"CSeq: {cseq} {method}", _CONTACT,
             "Max-Forwards: 70", "[routes]", *headers]
    steps = [send(lines, body, kind=kind), expect(100, optional="true"), expect(code)]
    if method == "INVITE":
        ack = [f"ACK {lines[0].split(' ', 1)[1]}", *lines[1:5], f"CSeq: {cseq} ACK", *lines[6:]]
        steps.append(send(ack, retrans=False))
    return [*steps, log(method)]


# ---- either side ------------------------------------------------------------------------------

def goes_on(by, cseq, status):
    """What a phone says that was asked to go on (RFC 3515 2.4.5); `by`: its kind of request."""
    state = "active;expires=60" if status.startswith("1") else "terminated;reason=noresource"
    return by("NOTIFY", cseq, "Event: refer", f"Subscription-State: {state}",
              body=f"SIP/2.0 {status}\r\n", kind="message/sipfrag;version=2.0")
