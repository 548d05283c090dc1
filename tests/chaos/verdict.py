"""What the phones saw compared with what is in voip.cdr."""

from collections import Counter, namedtuple

Verdict = namedtuple("Verdict", "calls records lost doubled reconciled cut lost_whole lost_ids doubled_ids")


def judge(calls, rows):
    """
    `calls`: Call-ID -> (answered, ended) as seen by phones. `rows`: (Call-ID, reconciled) of every
    row of voip.cdr. Counted are the calls that were answered; `cut` of them never ended for their
    caller, because what carried them was gone; `lost_whole` of those that are lost did.
    """
    answered = {call for call, (was_answered, _) in calls.items() if was_answered}
    found = Counter(call for call, _ in rows)
    lost = sorted(call for call in answered if not found[call])
    doubled = sorted(call for call in found if found[call] > 1)
    return Verdict(calls=len(answered), records=sum(found[call] for call in answered),
                   lost=len(lost), doubled=sum(found[call] - 1 for call in doubled),
                   reconciled=sum(1 for call, why in rows if why and call in answered),
                   cut=sum(1 for call in answered if not calls[call][1]),
                   lost_whole=sum(1 for call in lost if calls[call][1]), lost_ids=lost, doubled_ids=doubled)
