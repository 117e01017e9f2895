//! How far a run is.

use tasks::JudgeKind;

use super::{RunFile, at};
use crate::StoreError;
use crate::rating::Ratings;

impl RunFile {
    /// Whether every sample of the plan was graded, and every answer rated that is to be. A count tells,
    /// so that this takes no longer for a large run.
    pub fn is_complete(&self) -> Result<bool, StoreError> {
        let plan = self.plan();
        let planned = plan.dataset.n_items * plan.n_samples as usize;
        let sql = "SELECT count(*) FROM verdicts";
        let n_graded = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let n_graded = usize::try_from(n_graded.map_err(at(&self.path))?).unwrap_or(0);
        if n_graded < planned || plan.judge != JudgeKind::Dialogue {
            return Ok(n_graded >= planned);
        }
        Ok(Ratings::of(self, &self.outcomes()?)?.is_complete())
    }
}
