package org.registrybbm.migrations.budget;

/** One value of a {@link Budget}: a number, none, or whatever the default of its scope says. */
public sealed interface Limit {
    /** No limit, whatever the default says. */
    Limit UNLIMITED = new Unlimited();

    /** Whatever the default of the scope says. */
    Limit DEFAULT = new AsDefault();

    /** So many and no more. */
    record AtMost(long number) implements Limit {
        /** Checks that it is not negative. */
        public AtMost {
            if (number < 0) {
                throw new IllegalArgumentException("a limit is " + number + "; it cannot be negative");
            }
        }

        @Override
        public String toString() {
            return Long.toString(number);
        }
    }

    /** See {@link #UNLIMITED}. */
    record Unlimited() implements Limit {
        @Override
        public String toString() {
            return "unlimited";
        }
    }

    /** See {@link #DEFAULT}. */
    record AsDefault() implements Limit {
        @Override
        public String toString() {
            return "default";
        }
    }

    /**
     * Returns a number as a limit.
     *
     * @param number 0 or more
     */
    static Limit of(long number) {
        return new AtMost(number);
    }

    /**
     * Reads a limit as it is written.
     *
     * @param text a number, {@code unlimited} or {@code default}
     * @throws IllegalArgumentException for anything else
     */
    static Limit parse(String text) {
        return switch (text) {
            case "unlimited" -> UNLIMITED;
            case "default" -> DEFAULT;
            default -> {
                if (!text.matches("[0-9]{1,18}")) {
                    throw new IllegalArgumentException(
                            "'" + text + "' is no limit; it is a number, 'unlimited' or 'default'");
                }
                yield of(Long.parseLong(text));
            }
        };
    }
}
