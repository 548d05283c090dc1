"""A row of every resource of the API, with every field it has, and what those refer to."""

import re


class Things:
    """What rows refer to: made when it is asked for."""

    def __init__(self, api):
        self._api, self._ids = api, {}

    def __getattr__(self, name):
        if name not in self._ids:
            self._ids[name] = getattr(self, f"_{name}")()
        return self._ids[name]

    def _make(self, path, **fields):
        return self._api.make(path, **fields)["id"]

    def _user(self):
        return self._make("users", username="6141", password="long enough")

    def _second_user(self):
        return self._make("users", username="6142", password="long enough")

    def _extension(self):
        return self._make("extensions", number="6141", type="user", user_id=self.user)

    def _second_extension(self):
        return self._make("extensions", number="6142", type="user", user_id=self.second_user)

    def _ring_group(self):
        return self._make("ring-groups", name="6141")

    def _queue(self):
        return self._make("queues", name="6141")

    def _menu(self):
        return self._make("ivr-menus", name="6141", greeting="ivr/ivr-welcome")

    def _schedule(self):
        return self._make("schedules", name="6141", open_to=self.extension,
                          closed_to=self.second_extension)

    def _trunk(self):
        return self._make("trunks", name="6141")

    def _route(self):
        return self._make("outbound-routes", name="6141")


def fill(template, things):
    """A path with the ids of its parents: queues/{queue}/members."""
    return re.sub(r"\{(\w+)\}", lambda found: str(getattr(things, found[1])), template)


# Path -> what is made, and what is changed of it. Functions, because they refer to other rows.
ROWS = {
    "users": lambda t: (
        {"username": "6150", "password": "6150 secret", "display_name": "Ä \"<&'\\", "enabled": True,
         "do_not_disturb": True, "max_calls": 3, "call_waiting": False, "devices": "in_order",
         "outside_caller_id": "+4930123", "hide_caller_id": True, "pickup_group": "sales"},
        {"display_name": "", "outside_caller_id": None, "do_not_disturb": False}),
    "extensions": lambda t: (
        {"number": "6150", "is_prefix": False, "type": "user", "user_id": t.user,
         "ring_timeout_s": 17, "always_to": None, "busy_to": t.second_extension,
         "no_answer_outside": "+4930123", "unreachable_to": t.second_extension,
         "unreachable_outside": None},
        {"busy_to": None, "busy_outside": "+4930999", "type": "ring_group", "user_id": None,
         "ring_group_id": t.ring_group}),
    "ring-groups": lambda t: (
        {"name": "6150", "strategy": "in_order", "skip_busy": True, "confirm": False},
        {"strategy": "random"}),
    "ring-groups/{ring_group}/members": lambda t: (
        {"user_id": t.user, "position": 2, "delay_s": 3, "ring_s": 4},
        {"user_id": None, "outside": "+4930123"}),
    "queues": lambda t: (
        {"name": "6150", "strategy": "ring_all", "music": "music/on-hold", "ring_s": 5,
         "wrap_up_s": 1, "max_wait_s": 60, "timeout_to": t.extension, "no_agent_to": t.extension,
         "announcement": "ivr/ivr-hold", "announce_position": True, "announce_every_s": 10},
        {"music": None, "timeout_to": None, "strategy": "top_down"}),
    "queues/{queue}/members": lambda t: (
        {"user_id": t.user, "level": 2, "position": 3}, {"level": 4, "user_id": t.second_user}),
    "ivr-menus": lambda t: (
        {"name": "6150", "greeting": "ivr/ivr-welcome", "invalid": "ivr/ivr-no", "timeout_ms": 500,
         "tries": 1, "direct_dial": True}, {"tries": 10}),
    "ivr-menus/{menu}/entries": lambda t: (
        {"digit": "#", "extension_id": t.extension},
        {"digit": "*", "extension_id": t.second_extension}),
    "voicemail-boxes": lambda t: (
        {"mailbox": "6150", "pin": "4711", "user_id": t.user, "email": "a+b@x.test",
         "max_messages": 5, "max_message_s": 30, "min_message_s": 3, "mail_audio": True,
         "delete_mailed": True},
        {"email": None, "delete_mailed": False, "user_id": None}),
    "conferences": lambda t: (
        {"name": "6150", "pin": "1234", "moderator_pin": "4321", "max_members": 2, "announce": False,
         "wait_for_moderator": True},
        {"wait_for_moderator": False, "moderator_pin": None, "pin": None}),
    "schedules": lambda t: (
        {"name": "6150", "open_to": t.extension, "closed_to": t.second_extension,
         "holiday_to": t.extension, "override": "holiday"},
        {"holiday_to": None, "override": None}),
    "schedules/{schedule}/hours": lambda t: (
        {"weekday": 1, "opens": "09:30", "closes": "24:00"}, {"weekday": 7, "opens": "00:00"}),
    "schedules/{schedule}/holidays": lambda t: (
        {"day": "2026-12-24", "name": "Christmas Eve"}, {"day": "2027-01-01", "name": None}),
    "announcements": lambda t: (
        {"name": "6150", "prompt": "ivr/ivr-hold", "then_to": t.extension}, {"then_to": None}),
    "trunks": lambda t: (
        {"name": "6150", "enabled": False, "register": True, "username": "acme", "realm": "sip.test",
         "password": "trunk secret", "max_calls": 9, "max_cps": 2, "caller_id": "+4930123"},
        {"register": False, "username": None, "realm": None, "password": None, "max_cps": None}),
    "trunks/{trunk}/gateways": lambda t: (
        {"priority": 2, "host": "[2001:db8::1]", "port": 5070, "transport": "tls", "verify": False},
        {"host": "sip.carrier.test", "transport": "udp"}),
    "outbound-routes": lambda t: (
        {"name": "6150", "min_length": 4, "max_length": 20, "strip": 1, "prepend": "+49"},
        {"prepend": ""}),
    "outbound-routes/{route}/trunks": lambda t: ({"trunk_id": t.trunk, "priority": 3}, {"priority": 4}),
    "inbound-numbers": lambda t: (
        {"number": "+493061500", "extension_id": t.extension},
        {"number": "+493061501", "extension_id": t.second_extension}),
    "recording-policies": lambda t: (
        {"queue_id": t.queue, "direction": "inbound", "mode": "always", "announce": True,
         "allow_pause": True},
        {"queue_id": None, "trunk_id": t.trunk, "mode": "on_demand"}),
    "webhooks": lambda t: (
        {"url": "https://x.test/a?b=c", "events": ["call.ended", "recording.ready"], "active": False},
        {"events": ["call.ended"], "active": True}),
}
