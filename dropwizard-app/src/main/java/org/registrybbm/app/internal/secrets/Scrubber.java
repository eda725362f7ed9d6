package org.registrybbm.app.internal.secrets;

import java.util.regex.Pattern;

/** Takes secrets and row values out of messages. PostgreSQL quotes row values in its details and in some errors. */
public final class Scrubber {
    private static final Pattern DETAIL = Pattern.compile(
            "(?ims)^\\s*(detail|hint|context|where)\\s*:.*?(?=^\\s*(position|location|detail|hint|context|where)\\s*:|\\z)");
    private static final Pattern KEY = Pattern.compile("Key \\((.*?)\\)=\\(.*?\\)(?=[\\s.,;]|$)");
    private static final Pattern INVALID_INPUT = Pattern.compile("(?s)(invalid input (?:syntax|value)[^:]*: )\".*\"");
    private static final Pattern FAILING_ROW = Pattern.compile("(?s)Failing row contains \\(.*\\)");

    private Scrubber() {}

    /** Returns the message without them. */
    public static String scrub(String message) {
        String text = KEY.matcher(Secrets.hide(message)).replaceAll("Key ($1)=(...)");
        text = FAILING_ROW.matcher(text).replaceAll("Failing row contains (...)");
        text = INVALID_INPUT.matcher(text).replaceAll("$1\"...\"");
        return DETAIL.matcher(text).replaceAll("").strip();
    }
}
