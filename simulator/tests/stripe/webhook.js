// An endpoint with Stripe's own SDK, as the webhook example of its README has it: the raw body goes
// to constructEvent. Environment: PORT, STRIPE_WEBHOOK_SECRET. Prints a line an event.
const http = require('node:http');
const Stripe = require('stripe');

const stripe = new Stripe('sk_test_badai');
http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    try {
      const signature = request.headers['stripe-signature'];
      const event = stripe.webhooks.constructEvent(Buffer.concat(chunks), signature, process.env.STRIPE_WEBHOOK_SECRET);
      console.log(`${event.type} ${event.data.object.object}`);
      response.writeHead(200).end();
    } catch (error) {
      console.log(`refused: ${error.message}`);
      response.writeHead(400).end();
    }
  });
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
