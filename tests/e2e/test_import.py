"""Tenants of other products: users keep their passwords and PINs, and calls go where they went."""

import pytest

from lib import db, mailbox, records
from lib import scenario as sip
from lib.calls import BYE, end, talk
from lib.phone import hear_each_other

# 8400 comes from FusionPBX, 8401 from FreePBX.
PASSWORDS = {"8400": "Fusion.old-2019", "8401": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}
FILES = {
    ("fusionpbx", "extensions"):
        "extension,password,effective_caller_id_name,enabled,call_timeout\n"
        f"8400,{PASSWORDS['8400']},Fusion,true,20\n",
    ("fusionpbx", "voicemails"):
        f"voicemail_id,voicemail_password,voicemail_enabled\n8400,{db.PIN},true\n",
    ("freepbx", "extensions"):
        "extension,name,secret,ringtimer,voicemail_enable,voicemail_vmpwd\n"
        f"8401,Free,{PASSWORDS['8401']},2,yes,{db.PIN}\n",
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
    for number, box in (("8400", "*998400"), ("8401", "*8401")):
        platform.edge.wait_for("ext", f"a.test:{number}", f'"{box}"')
        platform.edge.wait_for("user", f"a.test:{number}", "box=")


def test_users_of_other_products(platform, phone):
    fusion = phone("8400", password=PASSWORDS["8400"])
    free = phone("8401", password=PASSWORDS["8401"])
    call, there = talk(fusion, free, "8401")
    hear_each_other(fusion, free)
    end(call, there)
    # Nobody answers: to the mailbox, which the old PIN opens.
    there = free.wait_call(sip.ring(), sip.is_cancelled())
    call = fusion.call("8401", *BYE)
    mailbox.leave(fusion, call, 550)
    there.finish()
    call.go().finish()
    records.check(platform.db.wait_for_cdr(call.call_id), caller="8400", callee="8401", reached="*8401",
                  service="voicemail", source=platform.deployment.media_server)
    mailbox.listen(free, 550)
    # He is busy.
    there = fusion.wait_call(sip.ring(), sip.refuse(486, "Busy Here"))
    call = free.call("8400", *BYE)
    mailbox.leave(free, call, 650)
    there.finish()
    call.go().finish()
    mailbox.wait_for_unheard(platform, "8400", 1)
