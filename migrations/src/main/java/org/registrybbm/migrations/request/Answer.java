package org.registrybbm.migrations.request;

import org.jspecify.annotations.Nullable;

/**
 * The answer to a request, as it is given again.
 *
 * @param status its status, such as 200
 * @param location its header {@code Location}, or null if it has none
 * @param body its body
 */
public record Answer(int status, @Nullable String location, String body) {}
