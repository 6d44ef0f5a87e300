"""Drives a mocked Stripe with Stripe's own SDK for Python, unmodified but for the base address (H2).

Usage: python sdk.py http://127.0.0.1:PORT
Each check is one assertion about a row of the fidelity table; the last line says `passed`.
"""
import hashlib
import hmac
import json
import sys
import time
import urllib.parse
import urllib.request

import stripe

BASE = sys.argv[1]
KEY = "sk_test_badai"


# Which row's checks have begun: the mock's own table looks for this, and a failure names it.
rows = []


def row(*ids):
    rows[:] = ids


def failed(kind, error, trace):
    sys.__excepthook__(kind, error, trace)
    print("row", ", ".join(rows), file=sys.stderr)


sys.excepthook = failed


def client(key=KEY, retries=0):
    return stripe.StripeClient(key, base_addresses={"api": BASE}, max_network_retries=retries)


def desk(path, **form):
    request = urllib.request.Request(
        f"{BASE}/_badai/{path}",
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"Bearer {KEY}"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def fails(kind, code, call):
    try:
        call()
    except stripe.StripeError as error:
        assert type(error) is kind, (type(error), error)
        # N9: the code is in the error object.
        said = error.error.code if error.error else None
        assert said == code, (said, code)
        return error
    raise AssertionError(f"no {kind}")


api, patient = client().v1, client(retries=2).v1

# Pages, and walking over all of them.
row("H4", "H7", "H8")
made = []
for n in range(25):
    params = {"name": f"Buyer {n} & co", "metadata": {"n": str(n), "a b": "c+d"}}
    made.insert(0, api.customers.create(params).id)
walked = [it.id for it in api.customers.list({"limit": 10}).auto_paging_iter()]
assert walked[:25] == made
assert api.customers.retrieve(made[0]).metadata["a b"] == "c+d"
ranged = api.customers.list({"created": {"gte": 1}, "limit": 2})
assert len(ranged.data) == 2 and ranged.has_more

row("C1", "C7", "H6")
opened = api.checkout.sessions.create(
    {
        "mode": "payment",
        "line_items": [{"price": "price_pack", "quantity": 1}],
        "client_reference_id": "account 1",
        "success_url": "https://example.com/done",
    }
)
assert opened.status == "open"
desk("moves/pay", session=opened.id)
paid = api.checkout.sessions.retrieve(opened.id, {"expand": ["line_items", "payment_intent"]})
assert (paid.status, paid.payment_status) == ("complete", "paid")
assert paid.line_items.data[0].price.id == "price_pack"
assert paid.payment_intent.status == "succeeded"

row("H10", "H11")
keyed = lambda name: api.customers.create({"name": name}, {"idempotency_key": "key-py"})
assert keyed("one").id == keyed("one").id
fails(stripe.IdempotencyError, None, lambda: keyed("two"))

row("error table")
bad = lambda: client("sk_live_abcdefgh").v1.customers.list()
assert "sk_live_****efgh" in str(fails(stripe.AuthenticationError, None, bad))
invalid = stripe.InvalidRequestError
fails(invalid, "resource_missing", lambda: api.products.retrieve("prod_x"))
fails(invalid, "resource_missing", lambda: api.refunds.create({"charge": "ch_x"}))
fails(invalid, "parameter_unknown", lambda: api.customers.create({"colour": "red"}))
fails(invalid, "parameter_missing", lambda: api.products.create({}))
poor = api.customers.create({})
desk("moves/decline", customer=poor.id)
due = desk("moves/fail-renewal", customer=poor.id, price="price_plan")["sale"]
fails(stripe.CardError, "card_declined", lambda: api.invoices.pay(due))
assert api.invoices.pay(due, {"paid_out_of_band": True}).status == "paid"

row("N2")
for failure in ["error-before", "no-answer", "key-in-use", "lock-timeout", "bad-gateway"]:
    desk("moves/fail", failure=failure)
    patient.customers.create({})
row("N1")
desk("moves/fail", failure="error-before")
fails(stripe.APIError, None, lambda: api.customers.create({}))
row("N8")
desk("moves/fail", failure="bad-gateway")
gateway = fails(stripe.APIError, None, lambda: api.customers.create({}))
assert gateway.http_status == 502
row("N9")
desk("moves/fail", failure="rate-limited")
limited = fails(stripe.RateLimitError, "rate_limit", lambda: patient.customers.create({}))
assert limited.code is None
row("N6")
desk("moves/fail", failure="error-after")
fails(stripe.APIError, None, lambda: patient.customers.create({}))
row("N7")
before = len(list(api.customers.list({"limit": 100}).auto_paging_iter()))
desk("moves/fail", failure="half-answer")
fails(stripe.APIConnectionError, None, lambda: patient.customers.create({}))
after = len(list(api.customers.list({"limit": 100}).auto_paging_iter()))
assert after == before + 1, "the write happened, once"

# The published signature cases.
row("S1", "S4", "S5", "S11", "S12", "S13", "S14", "signature table")
SECRET = "whsec_test_secret"
BODY = '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}'
GOLDEN = "2672d138c9a412830f3bfe2ecc5bfb3277cf6f5b49d0119d77dd6cb64da1257e"
now = int(time.time())


def v1(t, body=BODY):
    return hmac.new(SECRET.encode(), f"{t}.{body}".encode(), hashlib.sha256).hexdigest()


def event_of(header, body=BODY, tolerance=300):
    return stripe.Webhook.construct_event(body, header, SECRET, tolerance)


assert v1(12345) == GOLDEN
good = f"t={now},v1={v1(now)}"
for header in [good, f"{good},v1=potato", f"v1=potato,{good}", f"{good},v0={GOLDEN}", f"{good},stray",
               f"v1={v1(now)},t={now}", f"t={now + 9999},v1={v1(now + 9999)}"]:
    assert event_of(header).id == "evt_test_webhook", header
assert event_of(f"t=12345,v1={GOLDEN}", tolerance=0).id == "evt_test_webhook"
for header, said, options in [
    ("bad_header", "Unable to extract timestamp and signatures from header", {}),
    ("", "No Stripe-Signature header value was provided", {}),
    (f"t={now},v0={v1(now)}", "No signatures found with expected scheme", {}),
    (f"t={now},v1=bad_signature", "No signatures found matching the expected signature", {}),
    (good, "No signatures found matching", {"body": BODY.replace("evt", "ewt")}),
    (f"t={now}, v1={v1(now)}", "No signatures found", {}),
    (f"t={now},v1={v1(now).upper()}", "No signatures found matching", {}),
    (f"t={now - 15},v1={v1(now - 15)}", "Timestamp outside the tolerance zone", {"tolerance": 10}),
]:
    try:
        event_of(header, **options)
        raise AssertionError(f"taken: {header}")
    except stripe.SignatureVerificationError as error:
        assert said in str(error), (said, error)
try:
    event_of(f"t={now},v1={v1(now, '{')}", "{")
    raise AssertionError("no JSON was taken")
except stripe.SignatureVerificationError:
    raise
except ValueError:
    pass
row("S18")
try:
    event_of(good, b"\xff")
    raise AssertionError("no UTF-8 was taken")
except UnicodeDecodeError:
    pass
print("passed")
