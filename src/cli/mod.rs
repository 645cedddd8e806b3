//! The program as its operator meets it: the command line and the data folder.
pub mod args;
pub mod data_folder;
