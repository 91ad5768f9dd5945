//! The commands, run as an operator runs them.
#![cfg(test)]

mod administration;
mod apps;
mod configuration;
mod contents;
mod expressions;
mod run;
mod serving;
