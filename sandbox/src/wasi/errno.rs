//! Error numbers of WASI preview 1 (`errno` in its `witx` file), as far as they are answered.

pub const SUCCESS: i32 = 0;
pub const BADF: i32 = 8;
pub const FAULT: i32 = 21;
pub const INVAL: i32 = 28;
pub const NOENT: i32 = 44;
pub const NOTDIR: i32 = 54;
pub const NOTSUP: i32 = 58;
pub const ROFS: i32 = 69;
pub const MFILE: i32 = 33;
pub const SPIPE: i32 = 70;
