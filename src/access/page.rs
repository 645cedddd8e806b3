//! Lists, page by page: how many items one page holds, and where the next one begins.

use serde::Serialize;

use crate::error::{Error, Result};

/// Items of a page when nothing is said.
pub const PAGE_DEFAULT: i64 = 50;
/// Most items of one page of an ordinary list.
pub const PAGE_MOST: i64 = 200;

/// A page of anything.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins, if there is one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Everything on one page.
    #[must_use]
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// From rows of which one more than `limit` was asked for; the last one left says where the next page begins.
    pub fn of(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(cursor);
        Self { items: rows, next }
    }
}

/// How many items a page is to hold: what was asked for, at most `most`.
///
/// # Errors
/// `error.limit` on `limit`.
pub fn page_limit(asked: Option<i64>, most: i64) -> Result<i64> {
    match asked {
        None => Ok(PAGE_DEFAULT.min(most)),
        Some(n) if (1..=most).contains(&n) => Ok(n),
        Some(_) => Err(Error::invalid("limit", "error.limit")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_at_its_edges() {
        for (asked, held) in [(None, 50), (Some(1), 1), (Some(PAGE_MOST), PAGE_MOST)] {
            assert_eq!(page_limit(asked, PAGE_MOST).expect("fits"), held);
        }
        for wrong in [0, -1, PAGE_MOST + 1, i64::MAX] {
            assert_eq!(page_limit(Some(wrong), PAGE_MOST).expect_err("refused").code(), "error.limit", "{wrong}");
        }
    }

    #[test]
    fn a_page_says_where_the_next_one_begins_only_if_there_is_one() {
        let page = |rows: Vec<i64>| Page::of(rows, 2, i64::to_string);
        assert_eq!((page(vec![9, 8, 7]).items, page(vec![9, 8, 7]).next.as_deref()), (vec![9, 8], Some("8")));
        assert_eq!((page(vec![9, 8]).items, page(vec![9, 8]).next), (vec![9, 8], None));
        assert_eq!((page(vec![]).items, page(vec![]).next), (vec![], None));
    }
}
