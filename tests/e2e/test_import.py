"""Tenants of other products: users keep their passwords and PINs, and calls go where they went."""

import pytest

from lib import db, mailbox, records
from lib import scenario as sip
from lib.calls import BYE, end, talk
from lib.phone import hear_each_other

# 7700 comes from FusionPBX, 7701 from FreePBX.
PASSWORDS = {"7700": "Fusion.old-2019", "7701": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}
FILES = {
    ("fusionpbx", "extensions"):
        "extension,password,effective_caller_id_name,enabled,call_timeout\n"
        f"7700,{PASSWORDS['7700']},Fusion,true,20\n",
    ("fusionpbx", "voicemails"):
        f"voicemail_id,voicemail_password,voicemail_enabled\n7700,{db.PIN},true\n",
    ("freepbx", "extensions"):
        "extension,name,secret,ringtimer,voicemail_enable,voicemail_vmpwd\n"
        f"7701,Free,{PASSWORDS['7701']},2,yes,{db.PIN}\n",
}


@pytest.fixture(scope="module", autouse=True)
def imported(platform):
    folder = platform.new_folder("import")
    for product in ("fusionpbx", "freepbx"):
        operands = []
        for (of, section), text in FILES.items():
            path = folder / f"{of}-{section}.csv"
            path.write_text(text, encoding="utf-8")
            path.chmod(0o644)
            operands += [section, path] if of == product else []
        platform.state.run([platform.state / "bin/dialplane", "import", "a.test", "--from", product,
                            *operands, "-s", platform.state])
    for number, box in (("7700", "*997700"), ("7701", "*7701")):
        platform.edge.wait_for("ext", f"a.test:{number}", f'"{box}"')
        platform.edge.wait_for("user", f"a.test:{number}", "box=")


def test_users_of_other_products(platform, phone):
    fusion = phone("7700", password=PASSWORDS["7700"])
    free = phone("7701", password=PASSWORDS["7701"])
    call, there = talk(fusion, free, "7701")
    hear_each_other(fusion, free)
    end(call, there)
    # Nobody answers: to the mailbox, which the old PIN opens.
    there = free.wait_call(sip.ring(), sip.is_cancelled())
    call = fusion.call("7701", *BYE)
    mailbox.leave(fusion, call, 550)
    there.finish()
    call.go().finish()
    records.check(platform.db.wait_for_cdr(call.call_id), caller="7700", callee="7701", reached="*7701",
                  service="voicemail", source=platform.deployment.media_server)
    mailbox.listen(free, 550)
    # He is busy.
    there = fusion.wait_call(sip.ring(), sip.refuse(486, "Busy Here"))
    call = free.call("7700", *BYE)
    mailbox.leave(free, call, 650)
    there.finish()
    call.go().finish()
    mailbox.wait_for_unheard(platform, "7700", 1)
