//! Lab 03: async jobs that are charged fairly. The lab's files, cured.
//!
//! - [`one_hold`], step 03.1: payment state is not work state.
//! - [`out_of_order`], step 03.2: out-of-order guards.
//! - [`sweep`], step 03.3: the recovery sweep.
//! - [`partial`], step 03.4: partial output, timeouts, cancel.
//!
//! `given` is what all of them find done.

mod given;
pub mod one_hold;
pub mod out_of_order;
pub mod partial;
pub mod sweep;
