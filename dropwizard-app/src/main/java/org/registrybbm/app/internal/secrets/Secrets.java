package org.registrybbm.app.internal.secrets;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Takes passwords out of texts. It finds the passwords of this process's configuration wherever they stand, and others by the words before
 * them. Code that prints, logs or sends a text that this project did not write itself calls it first. Thread-safe.
 */
public final class Secrets {
    /** The text that replaces a secret. */
    public static final String HIDDEN = "...";

    // A shorter secret would be found in half of all texts, and replacing it there would reveal it.
    private static final int SHORTEST = 4;

    // Words that occur in texts anyway.
    private static final Set<String> WORDS =
            Set.of("registry", "postgres", "postgresql", "password", "secret", "public");

    // Applied before the patterns for users in URLs, because a named value may hold an @. It begins where a word
    // begins. If
    // it were tried at each letter, a word of 100,000 letters, as a broken program may send it, would take minutes.
    private static final Pattern NAMED = Pattern.compile(
            "(?i)((?<![\\w.-])[\\w.-]*(?:password|passwd|passphrase|pwd|secret)[\\w.-]*[\"']?\\s*(?:[=:]|%3[ADad])\\s*)"
                    + "(\"(?:[^\"\\\\\\n]|\\\\.)*+\"?|'[^'\\n]*+'?|(?<=:\\s{0,9})[^\\s&,;\"'}][^\\n&,;\"'}]*+|[^\\s&,;\"'}]++)");
    private static final Pattern USER_OF_JDBC_URL =
            Pattern.compile("(?i)((?:jdbc:)?postgres(?:ql)?:/{0,2})[^\\s\"'?]*@");
    private static final Pattern USER_OF_URL = Pattern.compile("(://)[^/\\s\"'@]+@");

    private static final List<Known> KNOWN = new CopyOnWriteArrayList<>();

    private Secrets() {}

    private record Known(String text, Pattern pattern) {}

    /**
     * Remembers a secret for as long as the process lives.
     *
     * @param secret the secret; ignored if it is null, has fewer than 4 characters, or is a word that occurs in texts anyway
     * @param shown texts that may be shown, such as the names of a user or a database; the secret is ignored if it equals one of them
     */
    public static void know(@Nullable String secret, Set<String> shown) {
        if (secret == null
                || secret.strip().length() < SHORTEST
                || WORDS.contains(secret.toLowerCase(Locale.ROOT))
                || shown.stream().anyMatch(secret::equalsIgnoreCase)) {
            return;
        }
        remember(secret);
        String encoded = URLEncoder.encode(secret, StandardCharsets.UTF_8);
        remember(encoded);
        remember(encoded.replace("+", "%20"));
        // As some programs write JSON.
        remember(secret.replace("/", "\\/"));
    }

    // Only where it begins or ends with a letter or a digit can it be a part of a word. The path of a URL follows the
    // host.
    private static void remember(String text) {
        boolean begins = Character.isLetterOrDigit(text.codePointAt(0));
        boolean ends = Character.isLetterOrDigit(text.codePointBefore(text.length()));
        Pattern whole = Pattern.compile(
                (begins ? "(?<![\\p{L}\\p{N}])" : "") + Pattern.quote(text) + (ends ? "(?![\\p{L}\\p{N}])" : ""));
        if (KNOWN.stream().noneMatch(one -> one.text().equals(text))) {
            KNOWN.add(new Known(text, whole));
            // The longest comes first, because one secret may be a part of another.
            KNOWN.sort(
                    Comparator.comparingInt((Known one) -> one.text().length()).reversed());
        }
    }

    /** Returns the text with {@link #HIDDEN} in place of each secret. */
    public static String hide(String text) {
        String hidden = text;
        for (Known secret : KNOWN) {
            hidden = secret.pattern().matcher(hidden).replaceAll(HIDDEN);
        }
        hidden = NAMED.matcher(hidden).replaceAll(found -> Matcher.quoteReplacement(found.group(1) + HIDDEN));
        hidden = USER_OF_JDBC_URL.matcher(hidden).replaceAll("$1" + HIDDEN + "@");
        return USER_OF_URL.matcher(hidden).replaceAll("$1" + HIDDEN + "@");
    }
}
