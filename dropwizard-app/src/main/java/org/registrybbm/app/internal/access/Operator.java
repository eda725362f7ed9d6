package org.registrybbm.app.internal.access;

/**
 * A person, or a program, that has shown a token.
 *
 * @param name the name of the token, under which what they decide is recorded
 * @param role what they may do
 */
public record Operator(String name, Role role) {
    /** Returns whether they may change anything. */
    public boolean mayOperate() {
        return role == Role.OPERATE;
    }
}
