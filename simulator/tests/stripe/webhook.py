"""An endpoint with Stripe's own SDK, as the webhook example of its README has it.

Environment: PORT, STRIPE_WEBHOOK_SECRET. Prints a line an event.
"""
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import stripe


def say(line):
    # One write a line: deliveries overlap.
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        payload = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = stripe.Webhook.construct_event(
                payload, self.headers["Stripe-Signature"], os.environ["STRIPE_WEBHOOK_SECRET"]
            )
            say(f"{event['type']} {event['data']['object']['object']}")
            self.send_response(200)
        except (ValueError, stripe.SignatureVerificationError) as error:
            say(f"refused: {error}")
            self.send_response(400)
        self.end_headers()

    def log_message(self, *_):
        pass


# A sale tells a dozen events at once; five is what http.server lets wait.
ThreadingHTTPServer.request_queue_size = 128
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Hook)
say("listening")
server.serve_forever()
