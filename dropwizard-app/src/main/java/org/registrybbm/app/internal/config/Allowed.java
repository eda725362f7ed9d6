package org.registrybbm.app.internal.config;

/** Holds the messages for values out of range. The path, the value and the allowed range are in one line. */
public final class Allowed {
    /** For {@code registryLock}. */
    public static final String REGISTRY_LOCK = "is ${validatedValue}, allowed are auto, on and off";

    /** For {@code webhook.format}. */
    public static final String WEBHOOK_FORMAT = "is ${validatedValue}, allowed are json and slack";

    /** For one of {@code webhook.events}. */
    public static final String WEBHOOK_EVENT =
            "is ${validatedValue}, allowed are failed, stalled, quarantined, finished and progress";

    /** For constraints with {@code min} and {@code max}. */
    public static final String RANGE = "is ${validatedValue}, allowed is {min} to {max}";

    /** For names of tokens. */
    public static final String NAME =
            "is '${validatedValue}', allowed are letters, digits and . _ @ -, at most 63, beginning with a letter or digit";

    private Allowed() {}
}
