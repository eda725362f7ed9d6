package org.registrybbm.migrations.testkit;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Rules on the packages of a module, each of which is a room: what it may know of the others. */
public final class Rooms {
    private final String root;
    private final Map<String, Set<String>> known = new LinkedHashMap<>();

    private Rooms(String root) {
        this.root = root;
    }

    /** Begins with no room, below a package. */
    public static Rooms of(String root) {
        return new Rooms(root);
    }

    /** Returns the rule that no packages below one know each other in a circle, the package itself among them. */
    public static ArchRule knowEachOtherInNoCircle(String root) {
        return slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
                        String name = javaClass.getPackageName();
                        return name.equals(root) || name.startsWith(root + ".")
                                ? SliceIdentifier.of(name)
                                : SliceIdentifier.ignore();
                    }

                    @Override
                    public String getDescription() {
                        return "packages below " + root;
                    }
                })
                .should()
                .beFreeOfCycles();
    }

    /** Returns the rule that no package below one has more classes than can be seen at once, nested ones not counted. */
    public static ArchRule holdNoMoreThan(int most, String root) {
        return ArchRuleDefinition.classes()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .areTopLevelClasses()
                .should(new ArchCondition<>("share their package with no more than " + most) {
                    @Override
                    public void check(JavaClass javaClass, ConditionEvents events) {
                        // What the compiler makes for a switch is no class of ours.
                        long all = javaClass.getPackage().getClasses().stream()
                                .filter(each -> !each.isArray())
                                .map(JavaClass::getName)
                                .filter(name -> name.indexOf('$') < 0 && !name.endsWith("package-info"))
                                .count();
                        if (all > most) {
                            events.add(SimpleConditionEvent.violated(
                                    javaClass, javaClass.getPackageName() + " has " + all + " classes"));
                        }
                    }
                });
    }

    /**
     * Adds a room. From the ground up: it may know those that were added before.
     *
     * @param room its package below the root; the empty text for the root itself
     * @param others which rooms it may know
     */
    public Rooms may(String room, String... others) {
        for (String other : others) {
            if (!known.containsKey(other)) {
                throw new IllegalArgumentException(room + " lies below " + other);
            }
        }
        known.put(room, Set.of(others));
        return this;
    }

    /** Returns the rule that each class knows only classes of its room and of those that its room may know. */
    public ArchRule knowNoOthers() {
        return ArchRuleDefinition.classes()
                .that()
                .resideInAPackage(root + "..")
                .should(new ArchCondition<>("know only the rooms that theirs may know") {
                    @Override
                    public void check(JavaClass javaClass, ConditionEvents events) {
                        String room = room(javaClass);
                        javaClass.getDirectDependenciesFromSelf().stream()
                                .filter(dependency -> isOurs(dependency.getTargetClass()))
                                .filter(dependency -> !mayKnow(room, room(dependency.getTargetClass())))
                                .forEach(dependency -> events.add(
                                        SimpleConditionEvent.violated(dependency, dependency.getDescription())));
                    }
                });
    }

    private boolean mayKnow(String room, String other) {
        return room.equals(other) || known.getOrDefault(room, Set.of()).contains(other);
    }

    private boolean isOurs(JavaClass javaClass) {
        return javaClass.getPackageName().equals(root)
                || javaClass.getPackageName().startsWith(root + ".");
    }

    private String room(JavaClass javaClass) {
        String name = javaClass.getPackageName();
        return name.equals(root) ? "" : name.substring(root.length() + 1);
    }
}
