//! Which direct calls close circles.

use std::collections::HashSet;

/// A direct call: who calls, and who is called, both numbered among the functions with a body.
pub(super) type DirectCall = (usize, usize);

/// Calls without which no function reaches itself by direct calls alone: those that lead back into a
/// function whose search is under way, when functions are searched depth first in their order.
/// `callees` are those of each function.
pub(super) fn that_close_circles(callees: &[Vec<usize>]) -> HashSet<DirectCall> {
    #[derive(Clone, Copy, PartialEq)]
    enum Search {
        Ahead,
        UnderWay,
        Done,
    }
    let mut searches = vec![Search::Ahead; callees.len()];
    let mut closing = HashSet::new();
    for root in 0..callees.len() {
        if searches[root] != Search::Ahead {
            continue;
        }
        searches[root] = Search::UnderWay;
        // Functions under way, each with the number of its calls that have been followed.
        let mut path = vec![(root, 0)];
        while let Some((caller, n_followed)) = path.last_mut() {
            let Some(callee) = callees[*caller].get(*n_followed).copied() else {
                searches[*caller] = Search::Done;
                path.pop();
                continue;
            };
            *n_followed += 1;
            match searches[callee] {
                Search::Ahead => {
                    searches[callee] = Search::UnderWay;
                    path.push((callee, 0));
                }
                Search::UnderWay => {
                    closing.insert((*caller, callee));
                }
                Search::Done => {}
            }
        }
    }
    closing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(callees: &[&[usize]], expected: &[DirectCall]) {
        let callees: Vec<Vec<usize>> = callees.iter().map(|calls| calls.to_vec()).collect();
        let mut closing: Vec<DirectCall> = that_close_circles(&callees).into_iter().collect();
        closing.sort_unstable();
        assert_eq!(closing, expected, "{callees:?}");
    }

    #[test]
    fn circles_are_found() {
        check(&[&[1, 2], &[2], &[]], &[]);
        check(&[&[0]], &[(0, 0)]);
        check(&[&[1], &[2], &[0, 1]], &[(2, 0), (2, 1)]);
        check(&[&[2], &[0], &[3], &[2]], &[(3, 2)]);
    }

    proptest! {
        #[test]
        fn no_circle_is_left_without_them(
            callees in prop::collection::vec(prop::collection::vec(0_usize..12, 0..5), 12),
        ) {
            let closing = that_close_circles(&callees);
            let mut left: Vec<Vec<usize>> = callees
                .iter()
                .enumerate()
                .map(|(caller, calls)| {
                    calls.iter().copied().filter(|callee| !closing.contains(&(caller, *callee))).collect()
                })
                .collect();
            // Functions that call nobody are taken away until none is left.
            for _ in 0..12 {
                let leaves: Vec<bool> = left.iter().map(Vec::is_empty).collect();
                for calls in &mut left {
                    calls.retain(|callee| !leaves[*callee]);
                }
            }
            prop_assert!(left.iter().all(Vec::is_empty));
        }
    }
}
