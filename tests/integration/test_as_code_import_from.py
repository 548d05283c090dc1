"""`dialplane import --from`: what FusionPBX and FreePBX export, with what is hostile in it."""

import pytest

from import_csv import Import
from lib import db as tenants

RUNNING = ()
DOMAIN = "b.test"


@pytest.fixture(scope="module")
def imports(platform):
    return Import(platform, DOMAIN)


def csv(*rows, end="\n"):
    """As PHP's fputcsv writes rows: what has a backslash before a quote in it, too."""
    def cell(text):
        if not any(sign in text for sign in ' ",\\\n\r\t'):
            return text
        return '"' + text.replace('\\"', "\0").replace('"', '""').replace("\0", '\\"') + '"'
    return "".join(",".join(cell(text) for text in row) + end for row in rows)


def user(db, name):
    return db.rows("SELECT u.* FROM voip.users u JOIN voip.domains d ON d.id = u.domain_id "
                   "WHERE d.name = %s AND username = %s", DOMAIN, name)[0]


def extension(db, number):
    """With the numbers and names that it leads to."""
    return db.rows(
        "SELECT e.*, u.username, b.mailbox, g.name AS ring_group, always.number AS always, "
        "busy.number AS busy, no_answer.number AS no_answer, unreachable.number AS unreachable "
        "FROM voip.extensions e JOIN voip.domains d ON d.id = e.domain_id "
        "LEFT JOIN voip.users u ON u.id = e.user_id "
        "LEFT JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id "
        "LEFT JOIN voip.ring_groups g ON g.id = e.ring_group_id "
        "LEFT JOIN voip.extensions always ON always.id = e.always_to "
        "LEFT JOIN voip.extensions busy ON busy.id = e.busy_to "
        "LEFT JOIN voip.extensions no_answer ON no_answer.id = e.no_answer_to "
        "LEFT JOIN voip.extensions unreachable ON unreachable.id = e.unreachable_to "
        "WHERE d.name = %s AND e.number = %s", DOMAIN, number)[0]


def box(db, mailbox):
    return db.rows("SELECT b.*, u.username FROM voip.voicemail_boxes b "
                   "JOIN voip.domains d ON d.id = b.domain_id LEFT JOIN voip.users u ON u.id = b.user_id "
                   "WHERE d.name = %s AND mailbox = %s", DOMAIN, mailbox)[0]


def leads(db, number):
    return db.value("SELECT e.number FROM voip.inbound_numbers n "
                    "JOIN voip.extensions e ON e.id = n.extension_id WHERE n.number = %s", number)


def told(lines, section=None):
    """{line: what is said of it}, of a file."""
    found = {}
    for name, line, why in lines:
        if section in (None, name) and line:
            found.setdefault(int(line), []).append(why)
    return found


NAME = 'Zoë "Z" O\'Neill; <b>&amp;</b> | ${x} \\"q'
SECRET = 'p"w,; <&>\\ä'

FUSION_COLUMNS = (
    "extension_uuid", "extension", "number_alias", "password", "accountcode",
    "effective_caller_id_name", "outbound_caller_id_number", "limit_max", "toll_allow", "call_timeout",
    "call_group", "do_not_disturb", "forward_all_destination", "forward_all_enabled",
    "forward_busy_destination", "forward_busy_enabled", "forward_no_answer_destination",
    "forward_no_answer_enabled", "follow_me_uuid", "enabled", "description",
    "forward_user_not_registered_destination", "forward_user_not_registered_enabled")


def fusion(**cells):
    """A line of the export of extensions."""
    cells = {"extension_uuid": "0b6c", "limit_max": "5", "call_timeout": "30", "enabled": "true",
             "do_not_disturb": "false", "toll_allow": "domestic", **cells}
    return [cells.get(name, "") for name in FUSION_COLUMNS]


FUSION = {
    "extensions": "\ufeff" + csv(
        FUSION_COLUMNS,
        fusion(extension="6700", password=SECRET, effective_caller_id_name=NAME, number_alias="6790",
               outbound_caller_id_number="+49 30 670-0", call_group="sales", call_timeout="25"),
        fusion(extension="6701", password="long enough", forward_all_destination="0170 123-456",
               forward_all_enabled="true", forward_busy_destination="6700",
               forward_busy_enabled="true", forward_no_answer_destination="6700",
               forward_no_answer_enabled="false", follow_me_uuid="1f"),
        # As a boolean column of PostgreSQL is written by PHP.
        fusion(extension="6702", password="long enough", enabled="", do_not_disturb="1", limit_max="0",
               forward_user_not_registered_destination="6701",
               forward_user_not_registered_enabled="1"),
        fusion(extension="6703", password="weak"),
        fusion(extension="6704"),
        fusion(extension="6705", password="long enough", forward_busy_destination="a@b.test",
               forward_busy_enabled="true"),
        fusion(extension="6706", password="long enough", effective_caller_id_name="two\nlines"),
        fusion(extension="6707", password="long enough", limit_max="many"), end="\r\n"),
    "voicemails": csv(
        ("voicemail_uuid", "voicemail_id", "voicemail_password", "greeting_id", "voicemail_mail_to",
         "voicemail_file", "voicemail_local_after_email", "voicemail_enabled"),
        ("1", "6700", "4711", "1", "z@b.test", "attach", "false", "true"),
        ("2", "6701", "12", "", "", "", "", "true"),
        ("3", "6702", "4711", "", "", "attach", "false", "false"),
        ("4", "6799", "4712", "", "", "link", "true", "1")),
    "destinations": csv(
        ("destination_uuid ", "destination_type", "destination_number", "destination_prefix",
         "destination_app", "destination_data", "destination_enabled", "destination_order"),
        ("1", "inbound", "306700", "49", "transfer", "6700 XML b.test", "true", "100"),
        ("2", "inbound", "+49306701", "", "transfer", "*996700 XML b.test", "true", "100"),
        ("3", "outbound", "306702", "49", "transfer", "6700 XML b.test", "true", "100"),
        ("4", "inbound", "306703", "49", "transfer", "6700 XML b.test", "false", "100"),
        ("5", "inbound", "0306704", "", "transfer", "6700 XML b.test", "true", "100"),
        ("6", "inbound", "(\\d+)", "", "transfer", "6700 XML b.test", "true", "100"),
        ("7", "inbound", "306706", "49", "lua", "app.lua", "true", "100"),
        ("8", "inbound", "306707", "49", "transfer", "6798 XML b.test", "true", "100")),
}


def test_fusionpbx(imports, db):
    status, counts, lines, said = imports.take("fusionpbx", **FUSION)
    assert status == 1 and counts == [5, 0, 12, 3], said
    assert "long enough" not in said and SECRET not in said and "4711" not in said and "weak" not in said
    zoe = user(db, "6700")
    assert zoe["ha1"] == tenants.md5("6700", DOMAIN, SECRET)
    assert (zoe["display_name"], zoe["pickup_group"], zoe["outside_caller_id"], zoe["max_calls"],
            zoe["enabled"]) == (NAME, "sales", "+49306700", 5, True)
    number = extension(db, "6700")
    assert (number["username"], number["ring_timeout_s"], number["always"]) == ("6700", 25, None)
    assert {number[way] for way in ("busy", "no_answer", "unreachable")} == {"*996700"}
    assert extension(db, "6790")["username"] == "6700"
    mailbox = box(db, "6700")
    assert (mailbox["username"], mailbox["email"], mailbox["mail_audio"], mailbox["delete_mailed"]) == \
        ("6700", "z@b.test", True, True)
    assert mailbox["pin_ha1"] == tenants.md5("6700", DOMAIN, "4711")
    assert extension(db, "*996700")["mailbox"] == "6700"
    assert (box(db, "6799")["username"], box(db, "6799")["mail_audio"]) == (None, False)
    quiet = user(db, "6702")
    assert (quiet["enabled"], quiet["do_not_disturb"], quiet["max_calls"]) == (False, True, 10)
    assert leads(db, "+49306700") == "6700" and leads(db, "+49306701") == "*996700"
    why = told(lines, "extensions")
    # 6701 leads to a mailbox whose PIN is too short, and 6702 leads to 6701.
    assert set(why) == {3, 4, 5, 6, 7, 8, 10}, lines
    assert any("follow_me_uuid" in one for one in why[3])
    assert any("what this names is wrong itself" in one for one in why[3])
    assert any("what this names is wrong itself" in one for one in why[4])
    assert any("password: has 8 to 128" in one for one in why[5])
    assert any("password is needed" in one for one in why[6])
    assert any("busy: this is no number" in one for one in why[7])
    assert any("line breaks" in one for one in why[8])
    assert any("max_calls: is a whole number" in one for one in why[10])
    why = told(lines, "voicemails")
    assert set(why) == {2, 3, 4} and "greeting" in why[2][0] and "pin" in why[3][0]
    assert len(why[3]) == 1 and "switched off" in why[4][0], why
    why = told(lines, "destinations")
    assert "destination_type" in why[4][0] and "switched off" in why[5][0] and "--country" in why[6][0]
    assert "without patterns" in why[7][0] and "a program" in why[8][0]
    assert "extension: there is no extension of this name" in why[9][0] and len(why) == 6
    assert ("extensions", None, "not taken: extension_uuid, toll_allow") in lines
    assert ("destinations", None, "not taken: destination_uuid, destination_order") in lines


def test_fusionpbx_again(imports, db):
    """What was taken is there; what is mended is added, and ways are what they should have been."""
    texts = {name: text.replace(",12,", ",4713,").replace(",weak,", ",long enough,")
             .replace("a@b.test", "+49306705").replace("two\nlines", "two lines")
             for name, text in FUSION.items()}
    status, counts, lines, said = imports.take("fusionpbx", "--country", "49", "--dry-run", **texts)
    before = (status, counts, lines)
    assert (status, counts) == (1, [7, 5, 5, 3]), said
    assert imports.take("fusionpbx", "--country", "49", **texts)[:3] == before
    assert imports.take("fusionpbx", "--country", "49", **texts)[1] == [0, 12, 5, 3]
    number = extension(db, "6701")
    assert (number["always_outside"], number["always"], number["busy"], number["no_answer"],
            number["unreachable"]) == ("0170123456", None, "6700", "*996701", "*996701")
    assert extension(db, "6702")["unreachable"] == "6701"
    assert extension(db, "6705")["busy_outside"] == "+49306705"
    assert leads(db, "+49306704") == "6700"
    # Who has changed something here has his way.
    db.rows("UPDATE voip.users SET display_name = 'mine' WHERE username = '6701' AND domain_id = "
            "(SELECT id FROM voip.domains WHERE name = %s)", DOMAIN)
    status, counts, lines, said = imports.take("fusionpbx", "--country", "49", **texts)
    assert counts == [0, 11, 6, 3] and "otherwise" in str(told(lines, "extensions")[3]), said


FREE_COLUMNS = (
    "extension", "name", "voicemail", "ringtimer", "outboundcid", "noanswer_dest", "busy_dest",
    "chanunavail_dest", "tech", "secret", "callwaiting_enable", "concurrency_limit",
    "recording_in_external", "findmefollow_strategy", "findmefollow_grptime", "findmefollow_grplist",
    "findmefollow_postdest", "findmefollow_needsconf", "findmefollow_pre_ring", "findmefollow_enabled",
    "voicemail_enable", "voicemail_vmpwd", "voicemail_email", "voicemail_options")


def free(**cells):
    """A line of the Bulk Handler's extensions."""
    cells = {"ringtimer": "0", "tech": "pjsip", "secret": "0123456789abcdef", "callwaiting_enable": "ENABLED",
             "concurrency_limit": "0", "recording_in_external": "dontcare", "voicemail": "novm", **cells}
    return [cells.get(name, "") for name in FREE_COLUMNS]


FREE = {
    "extensions": csv(
        [name.upper() for name in FREE_COLUMNS],
        free(extension="6710", name=NAME, voicemail="default", voicemail_enable="yes",
             voicemail_vmpwd="4714", voicemail_email="f@b.test", outboundcid='"Free" <0306710>',
             voicemail_options="attach=yes|saycid=no|envelope=no|delete=yes", ringtimer="15",
             noanswer_dest="from-did-direct,6711,1"),
        free(extension="6711", name="Follow", findmefollow_enabled="yes", callwaiting_enable="",
             findmefollow_strategy="ringallv2-prim", findmefollow_grptime="20", findmefollow_pre_ring="7",
             findmefollow_grplist="6711-6710-0170671#", findmefollow_needsconf="CHECKED",
             findmefollow_postdest="ext-local,6711,dest", concurrency_limit="3",
             busy_dest="ext-local,vmu6710,1", recording_in_external="force"),
        free(extension="6712", name="In order", findmefollow_enabled="yes", voicemail_enable="yes",
             voicemail_vmpwd="4715", findmefollow_strategy="hunt", findmefollow_grptime="5",
             findmefollow_grplist="6710-6712", findmefollow_postdest="ext-local,vmu6712,1"),
        free(extension="6713", name="no secret", secret="", tech="virtual"),
        free(extension="6714", name="menu", busy_dest="ivr-3,s,1"),
        free(extension="6715", name="strategy", findmefollow_enabled="yes",
             findmefollow_strategy="${x}", findmefollow_grplist="6715"),
        ["6716", "too few"]),
    "dids": csv(
        ("cidnum", "extension", "destination", "privacyman", "grppre", "description"),
        ("", "+49306710", "from-did-direct,6710,1", "0", "", "main"),
        ("", "00493067110", "ext-local,vmu6710,1", "0", "", ""),
        ("0301", "49306712", "from-did-direct,6710,1", "0", "", ""),
        ("", "0306713", "ext-local,6711,dest", "0", "", ""),
        ("", "_49306714X", "from-did-direct,6710,1", "0", "", ""),
        ("", "", "from-did-direct,6710,1", "0", "", ""),
        ("", "0306715", "ext-queues,400,1", "0", "", ""),
        ("", "0306716", "timeconditions,1,1", "0", "VIP:", ""), end="\r\n"),
}


def test_freepbx(imports, db):
    status, counts, lines, said = imports.take("freepbx", "--country", "49", **FREE)
    assert status == 1 and counts == [5, 0, 9, 1], said
    assert "0123456789abcdef" not in said and "4714" not in said
    free_user = user(db, "6710")
    assert free_user["ha1"] == tenants.md5("6710", DOMAIN, "0123456789abcdef")
    assert (free_user["display_name"], free_user["outside_caller_id"], free_user["max_calls"]) == \
        (NAME, "0306710", 10)
    mailbox = box(db, "6710")
    assert (mailbox["username"], mailbox["email"], mailbox["delete_mailed"]) == ("6710", "f@b.test", True)
    assert mailbox["pin_ha1"] == tenants.md5("6710", DOMAIN, "4714")
    number = extension(db, "6710")
    assert (number["ring_timeout_s"], number["no_answer"], number["busy"], number["unreachable"]) == \
        (15, "6711", "*6710", "*6710")
    number = extension(db, "6711")
    assert (number["always"], number["busy"], number["no_answer"]) == ("followme-6711", "*6710", None)
    assert (user(db, "6711")["call_waiting"], user(db, "6711")["max_calls"]) == (False, 3)
    group = extension(db, "followme-6711")
    assert (group["ring_group"], group["no_answer"]) == ("Follow me 6711", None)
    assert extension(db, "followme-6712")["no_answer"] == "*6712"
    members = db.rows("SELECT g.name, g.strategy, g.confirm, u.username, m.outside, m.delay_s, m.ring_s "
                      "FROM voip.ring_group_members m JOIN voip.ring_groups g ON g.id = m.ring_group_id "
                      "LEFT JOIN voip.users u ON u.id = m.user_id WHERE g.name LIKE 'Follow me%%' "
                      "ORDER BY g.name, m.position")
    assert [tuple(row.values()) for row in members] == [
        ("Follow me 6711", "all", True, "6711", None, 0, 20),
        ("Follow me 6711", "all", True, "6710", None, 7, 20),
        ("Follow me 6711", "all", True, None, "0170671", 7, 20),
        ("Follow me 6712", "in_order", False, "6712", None, 0, 5),
        ("Follow me 6712", "in_order", False, "6710", None, 0, 5)]
    assert leads(db, "+49306710") == "6710" and leads(db, "+493067110") == "*6710"
    why = told(lines, "extensions")
    assert "recording_in_external" in why[3][0] and "password is needed" in str(why[5])
    assert 'busy: "ivr-3,s,1" is a menu' in why[6][0] and "strategy" in why[7][0]
    assert "not as many fields" in why[8][0] and set(why) == {3, 5, 6, 7, 8}, lines
    why = told(lines, "dids")
    assert "cidnum" in why[4][0] and "there is no extension" in why[5][0]
    assert "without patterns" in why[6][0] and "number" in why[7][0]
    assert "there is no extension of this name" in why[8][0]
    assert "a time condition" in str(why[9]) and "grppre" in str(why[9]) and len(why) == 6, lines
    assert ("extensions", None, "not taken: voicemail, tech") in lines
    again = imports.take("freepbx", "--country", "49", **FREE)
    assert again[1] == [0, 5, 9, 1] and again[2] == lines, again[3]


def test_other_files(imports, db):
    """What is no such export is refused as a whole."""
    before = db.value("SELECT count(*) FROM voip.extensions")
    for product, section, text, why in (
            ("fusionpbx", "extensions", "extension,name\n1,2\n", "no column of this name: password"),
            ("fusionpbx", "dids", "extension\n1\n", "there is no such export"),
            ("freepbx", "extensions", "", "the first line names the columns"),
            ("freepbx", "dids", 'extension,destination\n"1,2\n', "a quote is not closed"),
            ("asterisk", "extensions", "extension\n1\n", "--from is fusionpbx or freepbx")):
        status, counts, said = imports.refused(product, section, text)
        assert status in (1, 2) and counts == [] and why in said, said
    assert db.value("SELECT count(*) FROM voip.extensions") == before
