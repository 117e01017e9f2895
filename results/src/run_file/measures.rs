//! What comparisons read besides outcomes: lengths and answers.

use std::collections::BTreeMap;

use tasks::ItemId;

use super::RunFile;
use crate::StoreError;
use crate::metric::ItemScore;

impl RunFile {
    /// The mean number of generated tokens of each item's graded samples, over all turns. Samples whose
    /// backend reported no usage are left out.
    pub fn lengths(&self) -> Result<BTreeMap<ItemId, ItemScore>, StoreError> {
        let sql = "SELECT item_id, avg(n_tokens), count(*) FROM (
                       SELECT item_id, sample_idx, sum(completion_tokens) AS n_tokens FROM turns t
                       WHERE EXISTS (SELECT 1 FROM verdicts v
                                     WHERE v.item_id = t.item_id AND v.sample_idx = t.sample_idx)
                       GROUP BY item_id, sample_idx HAVING count(completion_tokens) = count(*))
                   GROUP BY item_id";
        let rows = self.rows(sql, |row| {
            let n_samples = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            Ok((ItemId(row.get(0)?), ItemScore { value: row.get(1)?, n_samples }))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The answers of an item's graded samples as the models wrote them, in order; `None` for a sample
    /// without one. Where texts are withheld these are normal forms, which name options.
    pub fn answers(&self, item: &ItemId) -> Result<Vec<Option<String>>, StoreError> {
        let column = if self.plan.withholds_texts() { "vote" } else { "answer" };
        let sql = format!("SELECT {column} FROM verdicts WHERE item_id = ?1 ORDER BY sample_idx");
        let query = || -> rusqlite::Result<Vec<Option<String>>> {
            self.connection.prepare_cached(&sql)?.query_map([&item.0], |row| row.get(0))?.collect()
        };
        query().map_err(super::at(&self.path))
    }
}
