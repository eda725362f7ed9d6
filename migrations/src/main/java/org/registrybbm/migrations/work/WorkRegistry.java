package org.registrybbm.migrations.work;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The work functions that this replica's code knows, by signature. Immutable. */
public final class WorkRegistry {
    private final Map<String, WorkFunction> functions;

    private WorkRegistry(Map<String, WorkFunction> functions) {
        this.functions = Collections.unmodifiableMap(new TreeMap<>(functions));
    }

    /** Returns a builder that holds the shipped work functions already. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a registry of the shipped work functions only. */
    public static WorkRegistry shipped() {
        return builder().build();
    }

    /**
     * Finds a work function.
     *
     * @param signature a {@code job_signature_name}
     */
    public Optional<WorkFunction> find(String signature) {
        return Optional.ofNullable(functions.get(signature));
    }

    /** Returns every known signature, sorted. */
    public Set<String> signatures() {
        return functions.keySet();
    }

    /** Collects work functions. */
    public static final class Builder {
        private final Map<String, WorkFunction> functions = new TreeMap<>(ShippedWorkFunctions.all());

        private Builder() {}

        /**
         * Adds a work function.
         *
         * @param signature its name in {@code job_signature_name}; never reused for other work
         * @param function the work
         * @throws IllegalArgumentException when the signature is blank or taken
         */
        public Builder register(String signature, WorkFunction function) {
            if (signature.isBlank()) {
                throw new IllegalArgumentException("a work function needs a signature that is not blank");
            }
            WorkFunction taken = functions.putIfAbsent(signature, function);
            if (taken != null) {
                throw new IllegalArgumentException("two work functions have the signature '" + signature + "': "
                        + taken.getClass().getName() + " and "
                        + function.getClass().getName()
                        + "; give one of them another name");
            }
            return this;
        }

        /** Returns the registry. */
        public WorkRegistry build() {
            return new WorkRegistry(functions);
        }
    }
}
