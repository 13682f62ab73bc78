//! The floor of `require`: a Neon addon that does nothing.

use neon::prelude::*;

#[neon::main]
fn main(_cx: ModuleContext) -> NeonResult<()> {
    Ok(())
}
