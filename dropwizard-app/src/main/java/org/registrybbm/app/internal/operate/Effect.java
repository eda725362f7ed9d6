package org.registrybbm.app.internal.operate;

/**
 * What a decision does to one migration or budget.
 *
 * @param subject its name
 * @param text what is done, such as {@code running -> paused}
 */
public record Effect(String subject, String text) {}
