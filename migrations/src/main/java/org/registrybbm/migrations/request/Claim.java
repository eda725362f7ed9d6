package org.registrybbm.migrations.request;

/** What is to be done about a request that has a key. */
public sealed interface Claim {
    /**
     * Do it, and record the answer.
     *
     * @param actor who sent it
     * @param key its key
     * @param run which try it is
     */
    record Mine(String actor, String key, String run) implements Claim {}

    /** It was done already: give the same answer. */
    record Answered(Answer answer) implements Claim {}

    /** It is being done, or whoever did it has died lately. */
    record InProgress() implements Claim {}

    /** The key belongs to another request. */
    record OtherRequest() implements Claim {}
}
