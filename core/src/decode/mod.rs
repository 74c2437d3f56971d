//! Content codings off: identity, gzip, deflate, br, zstd, chained; incremental and bounded.
//!
//! In: a body's chunks as they pass. Out: decoded pieces, at once. Invariants: the joined output depends on
//! the bytes alone; a coding that lies (plain text called gzip) is passed on as it is and counted; output
//! stops at the bound, so no bomb costs more than it.
