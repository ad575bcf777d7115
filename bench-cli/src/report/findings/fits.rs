//! The fixed cost of a message and the cost of its bytes, where a run has at least three sizes at max.

use super::words::{listed, small};
use crate::record::{Direction, Engine, Fit, FittedTime, Protection};
use crate::report::figures::{decimal, percent};
use crate::report::fits::sizes;

pub(super) fn findings(fits: &[Fit]) -> Vec<String> {
    fits.iter()
        .filter(|fit| fit.time == FittedTime::Added && fit.protection != Protection::Null)
        .map(sentence)
        .collect()
}

fn sentence(fit: &Fit) -> String {
    let algorithm = fit.protection.name().to_uppercase();
    let by = match fit.engine {
        Engine::Serial => "one by one",
        Engine::Lanes => "by lanes",
        Engine::Offload => "by the offload engine",
    };
    let verifying = if fit.direction == Direction::Verify { ", verifying" } else { "" };
    let dialects: Vec<_> = fit.dialects.iter().map(|dialect| dialect.name().to_owned()).collect();
    format!(
        "{algorithm} {by}{verifying}: {} ns a message (± {}) + {} ns a byte (± {}) beyond unsigned, {} off at most [{} at \
         max, {}, {}, transmit {}]",
        decimal(fit.ns_per_message, 1),
        decimal(fit.ns_per_message_error, 1),
        small(fit.ns_per_byte),
        decimal(fit.ns_per_byte_error, 4),
        percent(fit.largest_residual),
        listed(&dialects),
        sizes(fit),
        fit.implementation,
        fit.transmit,
    )
}
