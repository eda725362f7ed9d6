package org.registrybbm.migrations.model;

/** Tells work that is under way whether it should stop. It is asked between sub-batches. */
@FunctionalInterface
public interface StopSignal {
    /** Never asks to stop. */
    StopSignal NEVER = () -> false;

    /** Returns whether the worker should hand its batch job back. */
    boolean isStopping();
}
