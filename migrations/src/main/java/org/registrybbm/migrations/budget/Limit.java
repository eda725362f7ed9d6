package org.registrybbm.migrations.budget;

/** One limit of a {@link Budget}: a number, no limit at all, or the limit that the default of its scope has. */
public sealed interface Limit {
    /** No limit, even if the default has one. */
    Limit UNLIMITED = new Unlimited();

    /** The limit that the default of the scope has. */
    Limit DEFAULT = new AsDefault();

    /**
     * A number as a limit.
     *
     * @param number the greatest number that is allowed, 0 or more
     */
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

    /** No limit; use {@link #UNLIMITED}. */
    record Unlimited() implements Limit {
        @Override
        public String toString() {
            return "unlimited";
        }
    }

    /** The limit of the default; use {@link #DEFAULT}. */
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
     * Returns the limit that a text stands for.
     *
     * @param text a number, {@code unlimited} or {@code default}
     * @throws IllegalArgumentException when the text is anything else
     */
    static Limit parse(String text) {
        return switch (text) {
            case "unlimited" -> UNLIMITED;
            case "default" -> DEFAULT;
            default -> {
                if (!text.matches("[0-9]{1,18}")) {
                    throw new IllegalArgumentException(
                            "'" + text + "' is not a limit; give a number, 'unlimited' or 'default'");
                }
                yield of(Long.parseLong(text));
            }
        };
    }
}
