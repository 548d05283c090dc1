"""What conf/freeswitch/dialplan/from-edge.xml does with a call, worked out without FreeSWITCH."""

import re
import xml.etree.ElementTree

from front.options import CLONE

CONTEXT = xml.etree.ElementTree.parse(
    CLONE / "conf/freeswitch/dialplan/from-edge.xml").find(".")
KINDS = re.search(r"\^\(([a-z_|]+)\);id=", xml.etree.ElementTree.tostring(CONTEXT).decode())[1]


def actions(service, call, record="", music=""):
    """
    The applications that run, as (name, data), with the values of this call: what is set inline
    first, as mod_dialplan_xml does while it looks for an extension.
    """
    variables = {"sip_h_X-VOIP-Service": service, "sip_h_X-VOIP-Call": call,
                 "sip_h_X-VOIP-Record": record, "sip_h_X-VOIP-Music": music}
    first, then = [], []
    for extension in CONTEXT.iter("extension"):
        matched = False
        for condition in extension.iter("condition"):
            chosen, groups = _decide(condition, variables)
            matched = chosen == "action"
            for action in condition.iter(chosen):
                pair = action.get("application"), _expand(action.get("data", ""), groups, variables)
                if action.get("inline"):
                    first.append(pair)
                    name, _, value = pair[1].partition("=")
                    variables[name] = value
                else:
                    then.append(pair)
            if not matched:
                break
        if matched and extension.get("continue") != "true":
            break
    return first, then


def _decide(condition, variables):
    """Which children of the condition count, and what its expression has found."""
    field = condition.get("field")
    if not field:
        return "action", ()
    value = variables.get(field[2:-1], "")
    found = re.search(condition.get("expression"), value)
    return ("action", found.groups()) if found else ("anti-action", ())


def _expand(data, groups, variables):
    """Only what is known before the first application runs."""
    data = re.sub(r"\$(\d)", lambda digit: groups[int(digit[1]) - 1], data)
    return re.sub(r"\$\{(dp_\w+)\}", lambda name: variables.get(name[1], name[0]), data)
