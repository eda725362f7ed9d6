package org.registrybbm.migrations.work;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;

/** All work functions that this replica knows, by signature. Immutable. */
public final class WorkRegistry {
    private final Map<String, WorkFunction> functions;

    private WorkRegistry(Map<String, WorkFunction> functions) {
        this.functions = Collections.unmodifiableMap(new TreeMap<>(functions));
    }

    /** Returns a builder that already holds the shipped work functions. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a registry of the shipped work functions only. */
    public static WorkRegistry shipped() {
        return builder().build();
    }

    /**
     * Returns a registry of the shipped work functions and those of an application.
     *
     * @param given the application's work functions; if it is empty, those that {@link ServiceLoader} finds with the class loader of the
     *     calling thread are used instead
     * @throws IllegalArgumentException when two work functions have the same signature, or when {@link ServiceLoader} cannot create what it
     *     found
     */
    public static WorkRegistry of(Collection<? extends WorkFunctions> given) {
        Builder builder = builder();
        (given.isEmpty() ? discovered() : given).forEach(builder::install);
        return builder.build();
    }

    private static List<WorkFunctions> discovered() {
        List<WorkFunctions> found = new ArrayList<>();
        try {
            ServiceLoader.load(WorkFunctions.class).forEach(found::add);
        } catch (ServiceConfigurationError e) {
            throw new IllegalArgumentException(
                    "work functions named in META-INF/services/" + WorkFunctions.class.getName()
                            + " cannot be created: " + e.getMessage(),
                    e);
        }
        return found;
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
         * @param signature its name in {@code job_signature_name}; never reuse it for other work
         * @param function the work
         * @throws IllegalArgumentException when the signature is blank or already taken
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

        /**
         * Adds all work functions of an application.
         *
         * @throws IllegalArgumentException when a signature is blank or already taken
         */
        public Builder install(WorkFunctions functions) {
            functions.register(this);
            return this;
        }

        /** Returns the registry. */
        public WorkRegistry build() {
            return new WorkRegistry(functions);
        }
    }
}
