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
 * Takes passwords out of texts: those that the configuration of this process holds, wherever they stand, and others by what stands before
 * them. Whatever prints, logs or sends a text that this project did not write itself asks it first. Thread-safe.
 */
public final class Secrets {
    /** What stands in the place of a secret. */
    public static final String HIDDEN = "...";

    // A shorter one would be found in half of all texts, which would tell it instead of hiding it.
    private static final int SHORTEST = 4;

    // Words that stand in texts anyway.
    private static final Set<String> WORDS =
            Set.of("registry", "postgres", "postgresql", "password", "secret", "public");

    // Before the user and password of a URL, as one value may hold an @.
    private static final Pattern NAMED = Pattern.compile(
            "(?i)([\\w.-]*(?:password|passwd|passphrase|pwd|secret)[\\w.-]*[\"']?\\s*(?:[=:]|%3[ADad])\\s*)"
                    + "(\"(?:[^\"\\\\\\n]|\\\\.)*+\"?|'[^'\\n]*+'?|(?<=:\\s{0,9})[^\\s&,;\"'}][^\\n&,;\"'}]*+|[^\\s&,;\"'}]++)");
    private static final Pattern USER_OF_JDBC_URL =
            Pattern.compile("(?i)((?:jdbc:)?postgres(?:ql)?:/{0,2})[^\\s\"'?]*@");
    private static final Pattern USER_OF_URL = Pattern.compile("(://)[^/\\s\"'@]+@");

    private static final List<Pattern> KNOWN = new CopyOnWriteArrayList<>();

    private Secrets() {}

    /**
     * Remembers a secret for as long as the process lives.
     *
     * @param secret the secret; nothing happens for null, for one of fewer than 4 characters, and for one that is a word which stands in
     *     texts anyway
     * @param shown what may be shown and may happen to be equal to it: the names of a user or a database
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
    }

    private static void remember(String text) {
        Pattern whole = Pattern.compile("(?<![\\p{L}\\p{N}])" + Pattern.quote(text) + "(?![\\p{L}\\p{N}])");
        if (KNOWN.stream().noneMatch(one -> one.pattern().equals(whole.pattern()))) {
            KNOWN.add(whole);
            // The longest first: one secret may be a part of another.
            KNOWN.sort(Comparator.comparingInt((Pattern one) -> one.pattern().length())
                    .reversed());
        }
    }

    /** Returns a text without secrets. */
    public static String hide(String text) {
        String hidden = text;
        for (Pattern secret : KNOWN) {
            hidden = secret.matcher(hidden).replaceAll(HIDDEN);
        }
        hidden = NAMED.matcher(hidden).replaceAll(found -> Matcher.quoteReplacement(found.group(1) + HIDDEN));
        hidden = USER_OF_JDBC_URL.matcher(hidden).replaceAll("$1" + HIDDEN + "@");
        return USER_OF_URL.matcher(hidden).replaceAll("$1" + HIDDEN + "@");
    }
}
