//! What is found, and how the index is kept.

mod keeping;
mod queries;
mod whole;
