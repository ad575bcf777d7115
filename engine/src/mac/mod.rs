//! MACs.
