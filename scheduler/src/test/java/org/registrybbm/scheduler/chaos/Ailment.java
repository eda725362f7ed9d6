package org.registrybbm.scheduler.chaos;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** What is wrong with the code of work functions for a few calls. It is told of by its name, which stands in what the engine writes down. */
enum Ailment {
    ASSERTION {
        @Override
        void strike(Attack attack) {
            throw new AssertionError(TEXT);
        }
    },
    STACK_OVERFLOW {
        @Override
        void strike(Attack attack) {
            throw new StackOverflowError(TEXT);
        }
    },
    OUT_OF_MEMORY {
        @Override
        void strike(Attack attack) {
            throw new OutOfMemoryError(TEXT);
        }
    },
    MISSING_CLASS {
        @Override
        void strike(Attack attack) {
            throw new NoClassDefFoundError(TEXT);
        }
    },
    /** It does not come back for long, and takes no notice of interrupts. */
    HANG {
        @Override
        void strike(Attack attack) {
            boolean interrupted = false;
            // In small pieces, so that a process that is frozen does not hang at the same time.
            for (long left = attack.millis(); left > 0; left -= MILLIS_AT_ONCE) {
                try {
                    TimeUnit.MILLISECONDS.sleep(MILLIS_AT_ONCE);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (attack.call() != Call.MIGRATE && !interrupted) {
                complaints.accept(attack.call() + " hung for " + attack.millis()
                        + " ms and was not cut off, while the whole fleet may wait for it");
            }
        }
    };

    private static final String TEXT = "an Ailment of the work function";
    private static final int MILLIS_AT_ONCE = 50;
    private static final AtomicReference<Attack> ATTACK = new AtomicReference<>(Attack.NONE);

    @SuppressWarnings("NonFinalStaticField")
    private static volatile Consumer<String> complaints = text -> {};

    /** Where it strikes. */
    enum Call {
        MIGRATE,
        CHECK,
        PENDING
    }

    /**
     * An ailment that is there for some calls.
     *
     * @param calls how many are left
     * @param millis how long each hangs, where it is that
     */
    private record Attack(Ailment ailment, Call call, int calls, long millis) {
        private static final Attack NONE = new Attack(ASSERTION, Call.MIGRATE, 0, 0);

        private Attack after(Call now) {
            return now == call && calls > 0 ? new Attack(ailment, call, calls - 1, millis) : this;
        }
    }

    /** Says what must not happen from now on to somebody. */
    static void complainTo(Consumer<String> somebody) {
        complaints = somebody;
    }

    /** Has the next calls fail. */
    void attack(Call call, int calls, long millis) {
        ATTACK.set(new Attack(this, call, calls, millis));
    }

    /** The work functions call this; it fails or hangs when it is their turn. */
    static void meet(Call call) {
        Attack before = ATTACK.getAndUpdate(attack -> attack.after(call));
        if (before.call() == call && before.calls() > 0) {
            before.ailment().strike(before);
        }
    }

    abstract void strike(Attack attack);
}
