//! What functions of this side answer when it is not what they were asked for. JavaScript reads the numbers
//! from the export `results`: they are written here only.

use neon::prelude::*;

/// The word was notified, or the flush is done.
pub const OK: i32 = 0;
pub const NOT_EQUAL: i32 = 1;
pub const TIMED_OUT: i32 = 2;

// From here on, what is no errno of whatever sign, and no number of a wait.

/// The memory has been detached meanwhile.
pub const DETACHED: i32 = -10_001;
/// The array is not over memory that this thread has attached.
pub const NOT_OURS: i32 = -10_002;
/// No wait was started: the word holds another value.
pub const NOT_EQUAL_AT_ONCE: i32 = -10_003;
/// The wait has begun.
pub const BEGUN: i32 = -10_004;
/// The system keeps no place in its queue while a thread looks up.
pub const NO_PLACE: i32 = -10_005;

/// `results`: the numbers by their names.
pub fn results<'cx>(cx: &mut impl Context<'cx>) -> JsResult<'cx, JsObject> {
    let named = [
        ("OK", OK),
        ("NOT_EQUAL", NOT_EQUAL),
        ("TIMED_OUT", TIMED_OUT),
        ("DETACHED", DETACHED),
        ("NOT_OURS", NOT_OURS),
        ("NOT_EQUAL_AT_ONCE", NOT_EQUAL_AT_ONCE),
        ("BEGUN", BEGUN),
        ("NO_PLACE", NO_PLACE),
    ];
    let object = cx.empty_object();
    for (name, number) in named {
        let number = cx.number(number);
        object.set(cx, name, number)?;
    }
    Ok(object)
}
