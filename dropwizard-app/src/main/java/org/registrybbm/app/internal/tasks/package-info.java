/** Admin tasks: what operators do over HTTP on the admin port. */
@NullMarked
package org.registrybbm.app.internal.tasks;

import org.jspecify.annotations.NullMarked;
