"""The verifier of docs/test-double/webhooks.md, with a signature that the vendor's own code takes."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[4] / "docs/test-double/webhooks.md"
SECRET = "test-secret-key-123"
BODY = (
    b'{"version":1,"id":"00000000-0000-4000-8000-000000000001","source":"https://authsignal.com",'
    b'"time":"2025-01-01T00:00:00.000Z","tenantId":"00000000-0000-4000-8000-0000000000aa","type":"email.created",'
    b'"data":{"to":"a@example.com","code":"123456","userId":"u1","actionCode":"signIn","idempotencyKey":"k1",'
    b'"verificationMethod":"EMAIL_OTP"}}'
)
SIGNATURE = "55KT0O9oZzSMKBZ9SPsIKof1l94OLidXw/dHDAjtUcc"


def test_the_verifier_of_the_page_takes_what_is_signed_and_nothing_else():
    names = {}
    exec(re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1], names)
    is_signed = names["is_signed"]
    assert is_signed(SECRET, f"t=1735689600,v2={SIGNATURE}", BODY)
    assert is_signed(SECRET, f"t=1735689600,v2=another,v2={SIGNATURE}", BODY)
    assert not is_signed("another", f"t=1735689600,v2={SIGNATURE}", BODY)
    assert not is_signed(SECRET, f"t=1735689601,v2={SIGNATURE}", BODY)
    assert not is_signed(SECRET, f"t=1735689600,v2={SIGNATURE}", BODY + b" ")
