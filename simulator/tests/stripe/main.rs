//! The mocked Stripe on a port: driven by Stripe's own SDKs, by hand, and by hostile bytes.

mod deliveries;
mod hostile;
mod sdks;
mod serving;
