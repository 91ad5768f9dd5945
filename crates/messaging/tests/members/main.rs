//! Members: who sees whom, who may bring in, change and take out whom.
#![cfg(test)]

#[path = "../support/people.rs"]
mod people;

mod activity;
mod inviting;
mod leaving;
mod support;
mod who_may;
