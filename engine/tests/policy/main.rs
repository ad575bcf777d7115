//! Who signs with whom, held against what is published.

mod article;
mod sessions;
