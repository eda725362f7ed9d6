package org.registrybbm.app.internal.config;

/** Messages for values out of range: path, value and allowed range in one line. */
public final class Allowed {
    /** For {@code registryLock}. */
    public static final String REGISTRY_LOCK = "is ${validatedValue}, allowed are auto, on and off";

    /** For constraints with {@code min} and {@code max}. */
    public static final String RANGE = "is ${validatedValue}, allowed is {min} to {max}";

    private Allowed() {}
}
