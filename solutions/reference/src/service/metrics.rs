//! Counters, as Prometheus reads them.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// What this instance has counted since it started.
#[derive(Default)]
pub(super) struct Metrics {
    /// By the first digit of the status that was answered: 2, 4, 5.
    webhooks: [AtomicU64; 3],
    sweeps: AtomicU64,
    inspected: AtomicU64,
    refunded: AtomicU64,
    errors: AtomicU64,
    alerts: AtomicU64,
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

impl Metrics {
    pub(super) fn webhook(&self, status: u16) {
        let class = match status {
            200..300 => 0,
            400..500 => 1,
            _ => 2,
        };
        add(&self.webhooks[class], 1);
    }

    /// A sweep that looked at so many open holds and refunded so many; `None` if it failed.
    pub(super) fn sweep(&self, inspected: usize, refunded: Option<usize>) {
        add(&self.sweeps, 1);
        add(&self.inspected, inspected);
        match refunded {
            Some(refunded) => add(&self.refunded, refunded),
            None => add(&self.errors, 1),
        }
    }

    pub(super) fn alerts(&self, count: usize) {
        add(&self.alerts, count);
    }

    /// The text format, version 0.0.4.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut counter = |name: &str, help: &str, samples: &[(&str, &AtomicU64)]| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for (labels, count) in samples {
                let _ = writeln!(text, "{name}{labels} {}", count.load(Ordering::Relaxed));
            }
        };
        let [done, refused, failed] = &self.webhooks;
        counter(
            "ledger_webhooks_total",
            "Deliveries, by what was answered.",
            &[
                ("{status=\"2xx\"}", done),
                ("{status=\"4xx\"}", refused),
                ("{status=\"5xx\"}", failed),
            ],
        );
        counter("ledger_sweeps_total", "Sweeps.", &[("", &self.sweeps)]);
        counter(
            "ledger_sweep_holds_total",
            "Open holds that a sweep looked at, and those that it refunded.",
            &[
                ("{outcome=\"inspected\"}", &self.inspected),
                ("{outcome=\"refunded\"}", &self.refunded),
            ],
        );
        counter(
            "ledger_sweep_errors_total",
            "Sweeps that failed.",
            &[("", &self.errors)],
        );
        counter(
            "ledger_low_balance_alerts_total",
            "Times that somebody was told of a low balance.",
            &[("", &self.alerts)],
        );
        text
    }
}
