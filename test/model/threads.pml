/*
 * The waits of native/sync/watch.rs: a thread sleeps for the words of its waits and for a bell, while JavaScript
 * starts and cancels waits, and another process changes words and notifies. Each access to something shared
 * is one step (atomic). Comments name the code. It leaves out: the ends of memory and of threads (test/threads.test.js),
 * and waits by io_uring, which are the kernel's own. run.js sets the switches, and breaks one step at a time
 * (BREAK_…) to see that it is caught.
 */

#ifndef CHANGES
#define CHANGES 1       /* 1: the words change, and all are notified; 0: notifications without a new value */
#endif
#ifndef AT_ONCE
#define AT_ONCE 3       /* how many words the thread sleeps for at once; if it is one, without the bell */
#endif
#ifndef CANCELS
#define CANCELS 1       /* how often JavaScript cancels a wait */
#endif
#ifndef NOTIFICATIONS
#define NOTIFICATIONS 2 /* how many, if the words do not change */
#endif

#define WAITS 3
#define OTHER 4         /* a process that waits for the first word, blocked */
#define wordOf(id) (CHANGES && id == 1)
byte word[2];           /* all wait for it as long as it is 0 */

/* The kernel: who sleeps for a word, the longest first, and for the bell; who has been woken. */
chan queue[2] = [4] of { byte };
bool woken[5];
bool bellQueued, bellWoken;

/* Watch */
chan waits = [WAITS] of { byte };
bool stop;
byte bell;

/* How each wait ended; how many notifications were counted, and ended a wait. */
mtype = { waiting, notified, cancelled, notEqual };
mtype ended[5] = waiting;
byte counted, answered;
bool joined;

/* Inbox.deliver */
inline deliver(id, how) {
  assert(ended[id] == waiting);
  assert(!CHANGES || how != notified || word[wordOf(id)] != 0);
  ended[id] = how;
  answered = answered + (how == notified)
}

/* FUTEX_WAKE of one. */
inline wake(which) {
  if
  :: len(queue[which]) > 0 -> queue[which]?sleeper; woken[sleeper] = true; sleeper = 0; count++
  :: else
  fi
}

/* A notification meant for a cancelled wait ends none if nobody else waits. */
inline isInVain() {
  counted = counted - (isNotified && counted > answered && len(waits) + len(queue[0]) == 0)
}

inline wakeBell() {
  bellWoken = bellWoken || bellQueued;
  bellQueued = false
}

inline ring() {
#ifdef BREAK_RING_WAKES_FIRST
  atomic { wakeBell() };
  atomic { bell++ }
#else
  atomic { bell++ };
#ifndef BREAK_RING_SILENTLY
  atomic { wakeBell() }
#endif
#endif
}

/* futex_waitv puts the words into their queues one by one, as long as they hold what is expected… */
inline queueBell() {
  atomic {
    if
    :: deaf
    :: !deaf && bell == heard -> bellQueued = true
    :: !deaf && bell != heard -> differs = true
    fi
  }
}

/* … and takes them out one by one; of those that were woken it tells the last. */
inline takeBell() {
  atomic {
    last = (bellWoken -> 0 : last);
    bellQueued = false;
    bellWoken = false
  }
}

proctype watcher() {
  chan mine = [WAITS] of { byte };   /* the waits slept for */
  byte heard;                        /* the bell before the look */
  byte at, id, sleeper, count;
  byte last, lastWord;               /* who was woken; 0: nobody or the bell */
  bool more, briefly, deaf, differs, isNotified;
  do
  :: true ->
#ifndef BREAK_HEARD_LATE
    atomic { heard = bell };         /* run: self.bell.load */
#endif
    atomic {                         /* run: the first waits, which come last next time */
      if
      :: stop -> break
      :: else
      fi;
      more = len(waits) > AT_ONCE;
      for (at : 1 .. len(waits)) {
        waits?id; waits!id;
        if
        :: at <= AT_ONCE -> mine!id
        :: else
        fi
      }
#ifndef BREAK_TURNS_NOT_TAKEN
      for (at : 1 .. len(mine)) {
        if
        :: more -> waits?id; waits!id
        :: else
        fi
      }
#endif
      briefly = more || AT_ONCE == 1 && len(mine) > 0;
      deaf = AT_ONCE == 1 && len(mine) > 0;
      at = 0; id = 0; more = false
    };
#ifdef BREAK_HEARD_LATE
    atomic { heard = bell };
#endif

#ifndef BREAK_BELL_LAST              /* sleep: futex_wait_any */
    queueBell();
#endif
    do
    :: at < len(mine) ->
      atomic {
        at++;
        mine?id; mine!id;
        if
        :: differs
        :: !differs && word[wordOf(id)] == 0 -> queue[wordOf(id)]!id
        :: !differs && word[wordOf(id)] != 0 -> differs = true
        fi;
        id = 0
      }
    :: else -> break
    od;
#ifdef BREAK_BELL_LAST
    queueBell();
#endif
end:
    atomic {
      differs || briefly || bellWoken || woken[1] || woken[2] || woken[3] ->
      at = 0; briefly = false; differs = false; heard = 0
    };
#ifndef BREAK_BELL_LAST
    takeBell();
#endif
    do
    :: at < len(mine) ->
      atomic {
        at++;
        mine?id; mine!id;
        if
        :: woken[id] -> woken[id] = false; last = at; lastWord = wordOf(id)
        :: !woken[id] && queue[wordOf(id)]??[eval(id)] -> queue[wordOf(id)]??eval(id)
        :: !woken[id] && !(queue[wordOf(id)]??[eval(id)])
        fi;
        id = 0
      }
    :: else -> break
    od;
#ifdef BREAK_BELL_LAST
    takeBell();
#endif

    at = 0;
    do                               /* settle, with `watched` locked for each */
    :: len(mine) > 0 ->
      atomic {
        at++;
        mine?id;
#ifdef BREAK_LAST_ONLY
        isNotified = at == last;
#elif defined BREAK_ANY_WORD
        isNotified = at <= last;
#else
        isNotified = at <= last && wordOf(id) == lastWord;
#endif
        if
        :: waits??[eval(id)] ->
          if
#ifdef BREAK_CHANGE_UNSEEN
          :: isNotified ->
#else
          :: isNotified || word[wordOf(id)] != 0 ->
#endif
            waits??eval(id);
            deliver(id, notified)
          :: else
          fi
        :: !(waits??[eval(id)]) ->
          isInVain();
          if                         /* it was cancelled meanwhile: the wakeup is the next one's */
          :: !isNotified
#ifdef BREAK_CANCEL_UNSEEN
          :: isNotified -> deliver(id, notified)
#elif defined BREAK_NOT_PASSED_ON
          :: isNotified
#else
          :: isNotified && (CHANGES || len(waits) == 0) -> wake(wordOf(id))
#ifdef BREAK_PASSED_OVER
          :: isNotified && !CHANGES && len(waits) > 0 -> wake(wordOf(id))
#else
          :: isNotified && !CHANGES && len(waits) > 0 -> waits?id; deliver(id, notified)
#endif
#endif
          fi
        fi;
        id = 0; isNotified = false; count = 0
      }
    :: else -> break
    od;
    atomic { at = 0; last = 0; lastWord = 0; deaf = false }
  od;
  joined = true
}

/* Threads.start, cancel and drop, in any order */
proctype javaScript() {
  byte next = 1, id;
  byte cancels = CANCELS;
  bool removed;
  do
  :: next <= WAITS ->
    atomic {
      id = next; next++;
      if
      :: word[wordOf(id)] != 0 -> deliver(id, notEqual); id = 0
      :: else
      fi
    };
    if
    :: id != 0 ->
      atomic { waits!id; id = 0 };   /* start: watch.lock().waits.push_back(wait) */
#ifndef BREAK_START_UNHEARD
      ring()
#endif
    :: else
    fi
  :: cancels > 0 && next > 1 ->
    atomic {                         /* cancel: watch.remove(id) */
      cancels--;
      select(id : 1 .. next - 1);
      if
      :: waits??[eval(id)] -> waits??eval(id); removed = true
#ifdef BREAK_CANCEL_TWICE
      :: !(waits??[eval(id)]) -> removed = true
#else
      :: !(waits??[eval(id)])
#endif
      fi
    };
    if
    :: removed -> ring(); atomic { deliver(id, cancelled) }
    :: else
    fi;
    id = 0; removed = false
  :: next > WAITS -> break
  od;
  if
  :: CHANGES ->                      /* every wait ends, and the thread ends with what has started it */
    ended[1] != waiting && ended[2] != waiting && ended[3] != waiting;
    atomic { stop = true };
#ifndef BREAK_STOP_UNHEARD
    ring();
#endif
    joined
  :: else
  fi
}

inline notifyAll(which) {
  atomic {
    do
    :: len(queue[which]) > 0 -> wake(which)
    :: else -> break
    od
  }
}

/* Another process notifies. */
proctype notifier() {
  byte sleeper, count, times;
  if
  :: CHANGES ->
    word[0] = 1;
    notifyAll(0);
    ended[2] != waiting && ended[3] != waiting;
    word[1] = 1;
    notifyAll(1)
  :: else ->
    for (times : 1 .. NOTIFICATIONS) {
      atomic { count = 0; wake(0); counted = counted + count }
    }
  fi
}

proctype other() {
  queue[0]!OTHER;
end:
  atomic { woken[OTHER] -> woken[OTHER] = false; deliver(OTHER, notified) }
}

/* When nothing happens any more, a notification that was counted has ended a wait, or there is none. */
active proctype judge() {
end:
  atomic {
    !CHANGES && timeout ->
    assert(answered >= counted || ended[1] != waiting && ended[2] != waiting && ended[3] != waiting && ended[OTHER] != waiting)
  }
}

init {
  atomic {
    run watcher();
    run javaScript();
    run notifier();
    if
    :: !CHANGES -> run other()
    :: else
    fi
  }
}
