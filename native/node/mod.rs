//! Everything that sees Node-API.

pub mod arguments;
pub mod array_buffer;
pub mod callback;
pub mod detach;
pub mod environment;
pub mod event_loop;
pub mod external;
pub mod file;
pub mod flush;
pub mod function;
pub mod instance;
pub mod lent;
pub mod lifetimes;
pub mod lookup;
pub mod memory;
pub mod owner;
pub mod per_thread;
pub mod results;
pub mod stat;
pub mod symbols;
pub mod throw;
pub mod typed_array;
pub mod values;
pub mod wait;
pub mod wait_async;
pub mod waiting;
