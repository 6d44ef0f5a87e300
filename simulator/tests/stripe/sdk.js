// Drives a mocked Stripe with Stripe's own SDK for Node.js, unmodified but for the base address (H2).
// Usage: node sdk.js http://127.0.0.1:PORT
// Each check is one assertion about a row of the fidelity table; the last line says `passed`.
const assert = require('node:assert');
const http = require('node:http');
const Stripe = require('stripe');

const base = new URL(process.argv[2]);
const key = 'sk_test_badai';
const at = { host: base.hostname, port: base.port, protocol: 'http' };
const stripe = new Stripe(key, { ...at, maxNetworkRetries: 0 });
const patient = new Stripe(key, { ...at, maxNetworkRetries: 2 });

// Says which row's checks begin: the mock's own table looks for this, and a failure names it.
let rows = [];
const row = (...ids) => {
  rows = ids;
};

// A recorder before the mock: what the SDK sends is seen on its way.
const sent = [];
const recorder = http.createServer((request, response) => {
  sent.push({ method: request.method, ...request.headers });
  const onward = { host: base.hostname, port: base.port, method: request.method, path: request.url, headers: request.headers };
  request.pipe(http.request(onward, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  }));
});

// How long the SDK would wait, without the waiting.
const waits = [];
const later = global.setTimeout;
const asked = (run, wait, ...more) => {
  waits.push(wait);
  return later(run, 0, ...more);
};

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
  row('H2');
  // Pages, and walking over all of them, forwards and backwards.
  const made = [];
  for (let n = 0; n < 25; n += 1) {
    made.unshift((await stripe.customers.create({ name: `Buyer ${n} & co`, metadata: { n, 'a b': 'c+d' } })).id);
  }
  row('H8');
  const walked = [];
  for await (const customer of stripe.customers.list({ limit: 10 })) walked.push(customer.id);
  assert.deepStrictEqual(walked.slice(0, 25), made);
  row('H7');
  const page = await stripe.customers.list({ limit: 3, ending_before: made[5] });
  assert.deepStrictEqual(page.data.map((it) => it.id), made.slice(2, 5));
  assert.ok(page.has_more);
  assert.strictEqual((await stripe.customers.retrieve(made[0])).metadata['a b'], 'c+d');

  row('H5');
  const named = await stripe.customers.update(made[0], { name: '', metadata: { n: '' } });
  assert.strictEqual(named.name, null);
  assert.ok(!('n' in named.metadata));

  row('C1', 'C5', 'C6', 'C7', 'C10');
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

  row('R1', 'R5');
  const intent = paid.payment_intent.id;
  const refund = await stripe.refunds.create({ payment_intent: intent, amount: 500 });
  assert.strictEqual(refund.status, 'succeeded');
  assert.strictEqual((await stripe.charges.retrieve(refund.charge)).amount_refunded, 500);
  await fails('StripeInvalidRequestError', undefined, () => stripe.refunds.create({ payment_intent: intent, amount: 1501 }));
  await stripe.refunds.create({ payment_intent: intent });
  await fails('StripeInvalidRequestError', 'charge_already_refunded', () => stripe.refunds.create({ payment_intent: intent, amount: 1 }));

  row('H10', 'H11', 'H13');
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

  row('error table');
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

  const customer = () => ({ name: 'retried' });
  row('N1');
  assert.strictEqual(new Stripe(key, at).getMaxNetworkRetries(), 2);
  row('N2');
  for (const failure of ['error-before', 'no-answer', 'key-in-use', 'lock-timeout']) {
    await failing(failure);
    await patient.customers.create(customer());
  }
  for (const [failure, type, code] of [
    ['rate-limited', 'StripeRateLimitError', 'rate_limit'],
    ['error-after', 'StripeAPIError', undefined],
    ['dependency', 'StripeAPIError', undefined],
    // N7: what was cut after its head isn't tried again.
    ['half-answer', 'StripeConnectionError', undefined],
  ]) {
    await failing(failure);
    await fails(type, code, () => patient.customers.create(customer()));
  }
  await failing('key-in-use');
  await fails('StripeAPIError', 'idempotency_key_in_use', () => stripe.customers.create(customer()));
  row('N3');
  await failing('rate-limited');
  const limited = await fails('StripeRateLimitError', 'rate_limit', () => patient.customers.create(customer()));
  assert.strictEqual(limited.headers['stripe-rate-limited-reason'], 'global-rate');
  assert.strictEqual(limited.headers['retry-after'], undefined);
  row('N8');
  await failing('bad-gateway');
  await patient.customers.create(customer());
  await failing('bad-gateway');
  const gateway = await fails('StripeAPIError', undefined, () => stripe.customers.create(customer()));
  assert.match(gateway.message, /Invalid JSON/);

  await new Promise((ready) => recorder.listen(0, '127.0.0.1', ready));
  const through = { ...at, host: '127.0.0.1', port: recorder.address().port };
  const recorded = new Stripe(key, { ...through, maxNetworkRetries: 2 });
  row('H3');
  for (let n = 0; n < 2; n += 1) await recorded.customers.retrieve(made[0]);
  const [get, next] = sent.splice(0);
  assert.strictEqual(get.method, 'GET');
  assert.strictEqual(get.authorization, `Bearer ${key}`);
  assert.strictEqual(get['content-type'], 'application/x-www-form-urlencoded');
  assert.match(get['stripe-version'], /^\d{4}-\d\d-\d\d\.\w+$/);
  assert.match(get['user-agent'], /^Stripe\/v1 NodeBindings\//);
  assert.strictEqual(JSON.parse(get['x-stripe-client-user-agent']).lang, 'node');
  assert.strictEqual(get['x-stripe-client-telemetry'], undefined);
  assert.ok(JSON.parse(next['x-stripe-client-telemetry']).last_request_metrics);

  row('H14');
  await failing('error-before');
  const retried = await recorded.customers.create(customer());
  await recorded.customers.create(customer());
  const keys = sent.splice(0).map((head) => head['idempotency-key']);
  assert.match(keys[0], /^stripe-node-retry-[0-9a-f-]{36}$/);
  assert.strictEqual(keys[1], keys[0]);
  assert.notStrictEqual(keys[2], keys[0]);
  const told = await stripe.events.list({ type: 'customer.created', limit: 2 });
  const cause = told.data.find((it) => it.data.object.id === retried.id).request;
  assert.strictEqual(cause.idempotency_key, keys[0], 'E3');

  row('N5');
  await failing('error-before');
  await failing('error-before');
  global.setTimeout = asked;
  await recorded.customers.create(customer());
  global.setTimeout = later;
  const [first_wait, second_wait] = waits;
  assert.strictEqual(first_wait, 500);
  assert.ok(second_wait >= 500 && second_wait <= 1000, `${second_wait}`);
  assert.strictEqual(recorded.getApiField('timeout'), 80000);
  recorder.close();
  recorder.closeAllConnections();

  // A subscription on a test clock.
  row('I9', 'I13', 'I17', 'T1', 'T2', 'T3', 'T4');
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

  // The bank says no; then it is paid by hand.
  row('402', 'I4');
  const poor = await stripe.customers.create();
  await desk('moves/decline', { customer: poor.id });
  const due = await desk('moves/fail-renewal', { customer: poor.id, price: 'price_plan' });
  const declined = await fails('StripeCardError', 'card_declined', () => stripe.invoices.pay(due.sale));
  assert.strictEqual(declined.decline_code, 'generic_decline');
  assert.strictEqual((await stripe.invoices.pay(due.sale, { paid_out_of_band: true })).status, 'paid');

  row('E7');
  const seen = await stripe.events.list({ type: 'invoice.*', limit: 100 });
  assert.ok(seen.data.every((it) => it.type.startsWith('invoice.')));
  const event = await stripe.events.retrieve(seen.data[0].id);
  assert.strictEqual(event.object, 'event');

  row('D12');
  const endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/hook', enabled_events: ['charge.refunded'] });
  assert.ok(endpoint.secret.startsWith('whsec_'));
  assert.strictEqual((await stripe.webhookEndpoints.retrieve(endpoint.id)).secret, undefined);
  await stripe.webhookEndpoints.del(endpoint.id);

  // The published signature cases.
  row('S1', 'S4', 'S5', 'S11', 'S12', 'S14', 'S18');
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
  row('S13');
  assert.strictEqual(event_of(`t=12345,v1=${golden}`, { tolerance: 0 }).id, 'evt_test_webhook');
  assert.throws(() => event_of(`t=12345,v1=${golden}`), /outside the tolerance zone/);
  row('S17');
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
  row('S15');
  assert.throws(() => event_of(`t=${now},v1=${v1(now, '{')}`, { text: '{' }), SyntaxError);
  const thin = '{"object": "v2.core.event"}';
  assert.throws(() => event_of(`t=${now},v1=${v1(now, thin)}`, { text: thin }), (error) => error.type === undefined);
  console.log('passed');
})().catch((error) => {
  console.error(`row ${rows.join(', ')}:`, error);
  process.exit(1);
});
