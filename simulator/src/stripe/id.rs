//! Ids that look like Stripe's, made from a run's number and a count.
//!
//! Stripe's own ids hold a part that all objects of one account share. Here that part is the run:
//!
//! ```text
//! evt_ 1 GbX2p kQ03fYz81Lm 7hTr0aB
//!        count run         noise
//! ```
//!
//! Run and count are each printed one to one, so two ids never meet, in one run or across runs.

/// Makes the ids of one world: prefixes and lengths of the fidelity table, section 9.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    run: String,
    seed: u64,
    long: u64,
    short: u64,
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Ids {
    /// The ids of this run.
    pub(super) fn new(run: u64) -> Self {
        let seed = mix(run);
        let mut text = String::with_capacity(11);
        push_base62(&mut text, seed, 11);
        Self {
            run: text,
            seed,
            long: 0,
            short: 0,
        }
    }

    /// `prefix`, then 24 characters of which the first is `lead`: `1`, or `3` for what belongs to
    /// a payment (E6).
    pub(super) fn long(&mut self, prefix: &str, lead: char) -> String {
        self.long += 1;
        let mut id = String::with_capacity(prefix.len() + 24);
        id.push_str(prefix);
        id.push(lead);
        push_base62(&mut id, scatter(self.long, 5), 5);
        id.push_str(&self.run);
        push_base62(&mut id, mix(self.seed ^ self.long), 7);
        id
    }

    /// `prefix`, then 14 characters: customers, products, requests. Good for 238,328 of them.
    pub(super) fn short(&mut self, prefix: &str) -> String {
        self.short += 1;
        let mut id = String::with_capacity(prefix.len() + 14);
        id.push_str(prefix);
        push_base62(&mut id, scatter(self.short, 3), 3);
        id.push_str(&self.run);
        id
    }

    /// An endpoint's secret: `whsec_` and 32 characters.
    pub(super) fn secret(&mut self) -> String {
        let mut secret = self.long("whsec_", '1');
        push_base62(&mut secret, mix(!self.seed ^ self.long), 8);
        secret
    }

    /// A Checkout Session's id: 66 characters in test mode, `a1` after the prefix.
    pub(super) fn session(&mut self) -> String {
        let mut id = self.long("cs_test_a1", '1');
        let mut noise = !self.seed;
        while id.len() < 66 {
            noise = mix(noise ^ self.long);
            let width = (66 - id.len()).min(8);
            push_base62(&mut id, noise, width);
        }
        id
    }
}

/// Spreads a count over all texts of this width: a multiplication that has an inverse modulo
/// 62^width, because its factor is odd and no multiple of 31.
fn scatter(count: u64, width: u32) -> u64 {
    count.wrapping_mul(387_420_489) % 62_u64.pow(width)
}

/// SplitMix64's finisher: a permutation of all `u64`s that looks like noise.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Appends the last `width` digits of `value`; eleven hold any `u64`.
fn push_base62(text: &mut String, mut value: u64, width: usize) {
    for _ in 0..width {
        text.push(char::from(DIGITS[(value % 62) as usize]));
        value /= 62;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_have_the_lengths_of_stripes() {
        let mut ids = Ids::new(7);
        assert_eq!(ids.long("evt_", '1').len(), 28);
        assert_eq!(ids.short("cus_").len(), 18);
        let session = ids.session();
        assert_eq!(session.len(), 66);
        assert!(session.starts_with("cs_test_a1"), "{session}");
    }

    #[test]
    fn no_two_ids_are_alike_in_a_run_or_across_runs() {
        let mut seen = HashSet::new();
        for run in (0..50).chain([u64::MAX, u64::MAX - 1]) {
            let mut ids = Ids::new(run);
            for _ in 0..200 {
                assert!(seen.insert(ids.long("x", '1')));
                assert!(seen.insert(ids.short("x")));
                assert!(seen.insert(ids.session()));
            }
        }
    }

    #[test]
    fn no_two_ids_of_a_long_run_are_alike() {
        let mut ids = Ids::new(7);
        let seen: HashSet<_> = (0..20_000)
            .flat_map(|_| [ids.short("cus_"), ids.long("in_", '1')])
            .collect();
        assert_eq!(seen.len(), 40_000);
    }

    #[test]
    fn the_same_run_makes_the_same_ids() {
        let (mut one, mut other) = (Ids::new(42), Ids::new(42));
        assert_eq!(one.session(), other.session());
        assert_eq!(one.long("in_", '1'), other.long("in_", '1'));
        assert_eq!(one.short("cus_"), other.short("cus_"));
    }
}
