//! Whose turn comes first.

use super::Name;

/// Who goes first when this cell's turn comes for the `turn`th time, counted from 0.
///
/// The turns come in couples: a coin decides the first of a couple, the second is the reverse (ABBA or BAAB), so that after
/// any even number of turns each side was first equally often, and nobody can tell beforehand when.
#[must_use]
pub fn first(seed: u64, cell: &str, turn: u32) -> Name {
    let cell = cell.bytes().fold(seed, |hash, byte| fastrand::Rng::with_seed(hash ^ u64::from(byte)).u64(..));
    let coin = fastrand::Rng::with_seed(cell.wrapping_add(u64::from(turn / 2))).bool();
    if coin == turn.is_multiple_of(2) { Name::Old } else { Name::New }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_an_even_number_of_turns_each_side_was_first_equally_often() {
        for cell in ["3.1.1 aes-128-cmac sign", "2.1 hmac-sha256 sign"] {
            for turns in [2, 20, 30] {
                let old = (0..turns).filter(|turn| first(1, cell, *turn) == Name::Old).count();
                assert_eq!(old, turns as usize / 2, "{cell}");
            }
        }
    }

    #[test]
    fn the_order_differs_between_cells_and_seeds_and_is_the_same_for_the_same() {
        let order = |seed, cell| (0..40).map(|turn| first(seed, cell, turn)).collect::<Vec<_>>();
        assert_eq!(order(1, "a"), order(1, "a"));
        assert_ne!(order(1, "a"), order(1, "b"));
        assert_ne!(order(1, "a"), order(2, "a"));
        let strictly_in_turn: Vec<_> =
            (0..40).map(|turn| if turn % 2 == 0 { Name::Old } else { Name::New }).collect();
        assert_ne!(order(1, "a"), strictly_in_turn);
    }
}
