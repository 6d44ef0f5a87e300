// Drives a mocked Stripe with Stripe's own SDK for Node.js, unmodified but for the base address (H2).
// Usage: node sdk.js http://127.0.0.1:PORT
// Each check is one assertion about a row of the fidelity table; the last line says `passed`.
const assert = require('node:assert');
const Stripe = require('stripe');

const base = new URL(process.argv[2]);
const key = 'sk_test_badai';
const at = { host: base.hostname, port: base.port, protocol: 'http' };
const stripe = new Stripe(key, { ...at, maxNetworkRetries: 0 });
const patient = new Stripe(key, { ...at, maxNetworkRetries: 2 });

const desk = async (path, form = {}) => {
  const answer = await fetch(new URL(`/_badai/${path}`, base), {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}` },
    body: new URLSearchParams(form),
  });
  const body = await answer.json();
  assert.strictEqual(answer.status, 200, JSON.stringify(body));
  return body;
};
const fails = async (type, code, call) => {
  const error = await call().then(() => assert.fail(`no ${type}`), (error) => error);
  assert.strictEqual(error.type, type, error.message);
  assert.strictEqual(error.code ?? undefined, code);
  return error;
};
const failing = (failure) => desk('moves/fail', { failure });

(async () => {
  // H7, H8: pages, and walking over all of them, forwards and backwards.
  const made = [];
  for (let n = 0; n < 25; n += 1) {
    made.unshift((await stripe.customers.create({ name: `Buyer ${n} & co`, metadata: { n, 'a b': 'c+d' } })).id);
  }
  const walked = [];
  for await (const customer of stripe.customers.list({ limit: 10 })) walked.push(customer.id);
  assert.deepStrictEqual(walked.slice(0, 25), made);
  const page = await stripe.customers.list({ limit: 3, ending_before: made[5] });
  assert.deepStrictEqual(page.data.map((it) => it.id), made.slice(2, 5));
  assert.ok(page.has_more);
  assert.strictEqual((await stripe.customers.retrieve(made[0])).metadata['a b'], 'c+d');

  // H5: an empty value unsets.
  const named = await stripe.customers.update(made[0], { name: '', metadata: { n: '' } });
  assert.strictEqual(named.name, null);
  assert.ok(!('n' in named.metadata));

  // C1, C5, C6, C7, C10: a session, open and complete.
  const open = await stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: [{ price: 'price_pack', quantity: 2 }],
    client_reference_id: 'account 1',
    success_url: 'https://example.com/done',
    metadata: { order: '7' },
  });
  assert.strictEqual(open.status, 'open');
  assert.strictEqual(open.payment_intent, null);
  assert.ok(open.url.startsWith('https://checkout.stripe.com/'));
  await desk('moves/pay', { session: open.id });
  const paid = await stripe.checkout.sessions.retrieve(open.id, { expand: ['line_items', 'payment_intent.latest_charge'] });
  assert.strictEqual(paid.payment_status, 'paid');
  assert.strictEqual(paid.amount_total, 2000);
  assert.strictEqual(paid.url, null);
  assert.strictEqual(paid.customer, null);
  assert.strictEqual(paid.customer_details.email, 'buyer@example.com');
  assert.strictEqual(paid.line_items.data[0].price.id, 'price_pack');
  assert.strictEqual(paid.payment_intent.latest_charge.amount, 2000);
  const found = await stripe.checkout.sessions.list({ payment_intent: paid.payment_intent.id });
  assert.deepStrictEqual(found.data.map((it) => it.id), [open.id]);

  // R1, R5: refunds.
  const intent = paid.payment_intent.id;
  const refund = await stripe.refunds.create({ payment_intent: intent, amount: 500 });
  assert.strictEqual(refund.status, 'succeeded');
  assert.strictEqual((await stripe.charges.retrieve(refund.charge)).amount_refunded, 500);
  await fails('StripeInvalidRequestError', undefined, () => stripe.refunds.create({ payment_intent: intent, amount: 1501 }));
  await stripe.refunds.create({ payment_intent: intent });
  await fails('StripeInvalidRequestError', 'charge_already_refunded', () => stripe.refunds.create({ payment_intent: intent, amount: 1 }));

  // H10, H11, H13: idempotency keys.
  const keyed = (name) => stripe.customers.create({ name }, { idempotencyKey: 'key-1' });
  const [first, again] = [await keyed('one'), await keyed('one')];
  assert.strictEqual(first.id, again.id);
  const heads = again.lastResponse.headers;
  assert.strictEqual(heads['idempotent-replayed'], 'true');
  assert.strictEqual(heads['original-request'], first.lastResponse.requestId);
  assert.notStrictEqual(again.lastResponse.requestId, first.lastResponse.requestId);
  const reused = await fails('StripeIdempotencyError', undefined, () => keyed('two'));
  assert.strictEqual(reused.statusCode, 400);
  assert.ok(reused.message.includes('key-1'));

  // The error table.
  const bad = (key) => new Stripe(key, at).customers.list();
  const masked = await fails('StripeAuthenticationError', undefined, () => bad('sk_live_abcdefgh'));
  assert.ok(masked.message.includes('sk_live_****efgh'), masked.message);
  await fails('StripeInvalidRequestError', 'resource_missing', () => stripe.products.retrieve('prod_x'));
  await fails('StripeInvalidRequestError', 'resource_missing', () => stripe.refunds.create({ charge: 'ch_x' }));
  await fails('StripeInvalidRequestError', 'parameter_unknown', () => stripe.customers.create({ colour: 'red' }));
  await fails('StripeInvalidRequestError', 'parameter_missing', () => stripe.products.create({}));
  await fails('StripeInvalidRequestError', 'parameter_invalid_integer', () => stripe.refunds.create({ charge: refund.charge, amount: 'x' }));
  await fails('StripeInvalidRequestError', 'property_expansion_max_depth', () => stripe.customers.retrieve(made[0], { expand: ['a.b.c.d.e'] }));
  await fails('StripeInvalidRequestError', 'resource_missing', () => stripe.customers.list({ starting_after: 'cus_x' }));
  await fails('StripeInvalidRequestError', undefined, () => stripe.rawRequest('GET', '/v1/nothing'));

  // N1 to N8: what is retried, counted by what went wrong.
  const customer = () => ({ name: 'retried' });
  for (const failure of ['error-before', 'no-answer', 'key-in-use', 'lock-timeout']) {
    await failing(failure);
    await patient.customers.create(customer());
  }
  await failing('rate-limited');
  const limited = await fails('StripeRateLimitError', 'rate_limit', () => patient.customers.create(customer()));
  assert.strictEqual(limited.headers['stripe-rate-limited-reason'], 'global-rate');
  await failing('error-after');
  await fails('StripeAPIError', undefined, () => patient.customers.create(customer()));
  await failing('dependency');
  await fails('StripeAPIError', undefined, () => patient.customers.create(customer()));
  await failing('key-in-use');
  await fails('StripeAPIError', 'idempotency_key_in_use', () => stripe.customers.create(customer()));
  await failing('half-answer');
  await fails('StripeConnectionError', undefined, () => patient.customers.create(customer()));

  // I9, I13, I17, T1 to T4: a subscription on a test clock.
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1900000000 });
  const timed = await stripe.customers.create({ test_clock: clock.id });
  const sub = await stripe.subscriptions.create({ customer: timed.id, items: [{ price: 'price_plan' }] });
  assert.strictEqual(sub.status, 'active');
  assert.strictEqual(sub.created, 1900000000);
  const end = sub.items.data[0].current_period_end;
  const advancing = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: end + 7200 });
  assert.strictEqual(advancing.status, 'advancing');
  for (let tries = 0; (await stripe.testHelpers.testClocks.retrieve(clock.id)).status !== 'ready'; tries += 1) {
    assert.ok(tries < 1000, 'the clock never arrives');
  }
  await fails('StripeInvalidRequestError', undefined, () => stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: 1 }));
  const invoices = await stripe.invoices.list({ customer: timed.id, expand: ['data.customer'] });
  assert.deepStrictEqual(invoices.data.map((it) => it.billing_reason), ['subscription_cycle', 'subscription_create']);
  assert.strictEqual(invoices.data[1].customer.id, timed.id);
  assert.strictEqual(invoices.data[1].parent.subscription_details.subscription, sub.id);
  const payments = await stripe.invoicePayments.list({ invoice: invoices.data[1].id });
  const of = payments.data[0].payment.payment_intent;
  const back = await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: of } });
  assert.strictEqual(back.data[0].invoice, invoices.data[1].id);
  await stripe.subscriptions.cancel(sub.id);
  assert.strictEqual((await stripe.subscriptions.retrieve(sub.id)).status, 'canceled');

  // 402: the bank says no. I4: out of band.
  const poor = await stripe.customers.create();
  await desk('moves/decline', { customer: poor.id });
  const due = await desk('moves/fail-renewal', { customer: poor.id, price: 'price_plan' });
  const declined = await fails('StripeCardError', 'card_declined', () => stripe.invoices.pay(due.sale));
  assert.strictEqual(declined.decline_code, 'generic_decline');
  assert.strictEqual((await stripe.invoices.pay(due.sale, { paid_out_of_band: true })).status, 'paid');

  // E7: events.
  const seen = await stripe.events.list({ type: 'invoice.*', limit: 100 });
  assert.ok(seen.data.every((it) => it.type.startsWith('invoice.')));
  const event = await stripe.events.retrieve(seen.data[0].id);
  assert.strictEqual(event.object, 'event');

  // D12: an endpoint's secret is shown once.
  const endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/hook', enabled_events: ['charge.refunded'] });
  assert.ok(endpoint.secret.startsWith('whsec_'));
  assert.strictEqual((await stripe.webhookEndpoints.retrieve(endpoint.id)).secret, undefined);
  await stripe.webhookEndpoints.del(endpoint.id);
  // S1, S4, S5, S11 to S18: the published signature cases.
  const secret = 'whsec_test_secret';
  const body = '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}';
  const golden = '2672d138c9a412830f3bfe2ecc5bfb3277cf6f5b49d0119d77dd6cb64da1257e';
  const now = Math.floor(Date.now() / 1000);
  const v1 = (t, text = body) => require('node:crypto').createHmac('sha256', secret).update(`${t}.${text}`).digest('hex');
  assert.strictEqual(v1(12345), golden);
  const event_of = (header, { text = body, tolerance, key = secret } = {}) =>
    stripe.webhooks.constructEvent(text, header, key, tolerance);
  const good = `t=${now},v1=${v1(now)}`;
  for (const header of [good, `${good},v1=potato`, `v1=potato,${good}`, `${good},v0=${golden}`, `${good},stray`,
    `v1=${v1(now)},t=${now}`, `t=${now + 9999},v1=${v1(now + 9999)}`, `t=${now - 290},v1=${v1(now - 290)}`]) {
    assert.strictEqual(event_of(header).id, 'evt_test_webhook', header);
  }
  assert.strictEqual(event_of(good, { text: Buffer.from(body) }).id, 'evt_test_webhook');
  assert.strictEqual(event_of(`t=12345,v1=${golden}`, { tolerance: 0 }).id, 'evt_test_webhook');
  for (const [header, said, options] of [
    ['bad_header', 'Unable to extract timestamp and signatures from header'],
    ['', 'No stripe-signature header value was provided'],
    [`t=${now},v0=${v1(now)}`, 'No signatures found with expected scheme'],
    [`t=${now},v1=bad_signature`, 'No signatures found matching the expected signature for payload'],
    [good, 'No signatures found matching', { text: body.replace('evt', 'ewt') }],
    [`t=${now}, v1=${v1(now)}`, 'No signatures found'],
    [`t=${now},v1=${v1(now).toUpperCase()}`, 'No signatures found matching'],
    [`t=${now - 15},v1=${v1(now - 15)}`, 'Timestamp outside the tolerance zone', { tolerance: 10 }],
    [`t=12345,v1=${golden}`, 'Timestamp outside the tolerance zone'],
    [good, 'No webhook payload was provided', { text: '' }],
    [good, 'No webhook secret value was provided', { key: ' ' }],
  ]) {
    assert.throws(() => event_of(header, options), (error) => error.type === 'StripeSignatureVerificationError' && error.message.includes(said), header);
  }
  assert.throws(() => event_of(`t=${now},v1=${v1(now, '{')}`, { text: '{' }), SyntaxError);
  console.log('passed');
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
