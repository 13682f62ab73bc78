/*
 * Who has a transient object (native/sys/linux/users.rs, native/sys/macos/users.rs): every user shares a lock on it; whoever
 * lets go first gives its lock back, then tries to lock the object against all users, and removes the name if it can. Workers
 * open and create, use and let go, may be killed before any step, and a destroyer removes the name by force. What
 * nobody has any more is replaced by the next who creates. run.js sets the switches, and breaks one step at a time
 * (BREAK_…) to see that it is caught.
 */

#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef ROUNDS
#define ROUNDS 1        /* how often each worker opens and lets go */
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef DESTROYS
#define DESTROYS 0      /* how often somebody removes the name by force */
#endif

#define OBJECTS 12
#define NONE 255

byte name = NONE;       /* which object the name leads to */
byte made;              /* how many objects there were */
byte deaths;
byte running = WORKERS;
bool forced;            /* the name was removed by force: who has the object must not lose another one by that */

/* The kernel: of each object who shares its lock, who has it for itself, and who has the byte of removal. */
byte sharing[OBJECTS];
bool claimed[OBJECTS];
bool removing[OBJECTS];
/* What workers believe: how many use each object. */
byte using[OBJECTS];
bool hasName[OBJECTS];

inline mayDie() {
  if
  :: atomic { deaths < DEATHS -> deaths++; goto dead }
  :: true
  fi
}

/* Locks it against users and removers; `got` tells whether that was possible. */
inline claim(object) {
  atomic {
    if
#ifdef BREAK_CLAIM_BESIDE_USERS
    :: !claimed[object] && !removing[object] ->
#else
    :: sharing[object] == 0 && !claimed[object] && !removing[object] ->
#endif
      claimed[object] = true;
      removing[object] = true;
      got = true
    :: else -> got = false
    fi
  }
}

inline unclaim(object) {
  atomic { claimed[object] = false; removing[object] = false; has = false }
}

/* Under the claim: removes the name if it still leads to the object. */
inline removeName(object) {
  if
#ifdef BREAK_REMOVE_UNSEEN
  :: true ->
#else
  :: atomic { name == object -> skip };
#endif
    mayDie();
    atomic { assert(name == object && using[object] == 0); hasName[object] = false; name = NONE }
  :: else
  fi
}

proctype worker() {
  byte object = NONE;
  byte rounds = 0;
  bool got, has, shares, uses;
again:
  /* create or get: what nobody has is removed first */
  mayDie();
  atomic { object = name };
  if
  :: object != NONE ->
    mayDie();
    claim(object);
    has = got;
    if
    :: got ->
      removeName(object);
      mayDie();
      unclaim(object);
      object = NONE;
      goto again
    :: else
    fi;
    mayDie();
    /* a user: only where nobody claims it */
    atomic {
      if
#ifdef BREAK_JOIN_CLAIMED
      :: true -> sharing[object]++; shares = true
#else
      :: !claimed[object] -> sharing[object]++; shares = true
      :: else -> object = NONE; goto again
#endif
      fi
    };
    mayDie();
#ifndef BREAK_NAME_UNSEEN
    if
    :: atomic { !hasName[object] -> sharing[object]--; shares = false; object = NONE }; goto again
    :: else
    fi;
#endif
    atomic {
      assert(forced || hasName[object]);
      using[object]++; uses = true
    }
  :: else ->
    /* a draft: locked before it has its name */
    atomic { object = made; made++; assert(made < OBJECTS) };
#ifndef BREAK_NAMED_UNLOCKED
    atomic { sharing[object]++; shares = true };
#endif
    mayDie();
    atomic {
      if
      :: name == NONE -> name = object; hasName[object] = true
      :: else -> if :: shares -> sharing[object]-- :: else fi; shares = false; object = NONE; goto again
      fi
    };
    mayDie();
#ifdef BREAK_NAMED_UNLOCKED
    atomic { sharing[object]++; shares = true };
#endif
    atomic { assert(forced || hasName[object]); using[object]++; uses = true }
  fi;
  mayDie();
  /* it is used; two memories under one name, both with users, would be a name that leads elsewhere */
  assert(forced || name == object);
  atomic { using[object]--; uses = false };
  mayDie();
#ifdef BREAK_CLAIM_FIRST
  /* tries to claim it while it still shares it: of two that let go at once each sees the other */
  atomic {
    if
    :: sharing[object] == 1 && !claimed[object] && !removing[object] -> sharing[object]--; shares = false; claimed[object] = true; removing[object] = true; got = true
    :: else -> got = false
    fi
  };
  if
  :: !got -> atomic { sharing[object]--; shares = false }
  :: else
  fi;
#else
  atomic { sharing[object]--; shares = false };
  mayDie();
  claim(object);
#endif
  has = got;
  if
  :: got ->
    removeName(object);
    mayDie();
    unclaim(object)
  :: else
  fi;
  object = NONE;
  rounds++;
  if
  :: rounds < ROUNDS -> goto again
  :: else
  fi;
  goto end;
dead:
  /* the kernel gives its locks back; it uses nothing any more */
  atomic {
    if
    :: uses -> using[object]--
    :: else
    fi;
    if
    :: object != NONE && shares -> sharing[object]--
    :: else
    fi;
    if
    :: object != NONE && has -> claimed[object] = false; removing[object] = false
    :: else
    fi
  };
end:
  atomic {
    running--;
    if
    :: running == 0 && deaths == 0 && DESTROYS == 0 -> assert(name == NONE)
    :: else
    fi
  }
}

#if DESTROYS
/* destroy: with the byte of removal of the object that the name leads to, whoever has it. */
active proctype destroyer() {
  byte object;
again:
  atomic { object = name };
  if
  :: object != NONE ->
    atomic {
      if
#ifdef BREAK_DESTROY_UNLOCKED
      :: true
#else
      :: !removing[object] -> removing[object] = true
      :: else -> goto again
#endif
      fi
    };
#ifndef BREAK_DESTROY_ANY
    if
    :: atomic { name != object -> removing[object] = false }; goto again
    :: else
    fi;
#endif
    atomic {
      if
      :: name != NONE -> hasName[name] = false; name = NONE; forced = true
      :: else
      fi
    };
#ifndef BREAK_DESTROY_UNLOCKED
    removing[object] = false
#endif
  :: else
  fi
}
#endif

init {
  byte n;
  atomic {
    for (n : 1 .. WORKERS) {
      run worker()
    }
  }
}
