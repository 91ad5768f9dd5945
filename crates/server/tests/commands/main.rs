//! The commands, run as an operator runs them.
#![cfg(test)]

mod administration;
mod configuration;
mod contents;
mod expressions;
mod run;
mod serving;
