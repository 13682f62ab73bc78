// eslint rules of this project's own.

/** The variable that a name stands for, looked up from the scope of the node outwards. */
function variableOf(node, name, sourceCode) {
  for (let scope = sourceCode.getScope(node); scope !== null; scope = scope.upper) {
    const found = scope.set.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a variable holds what another room exports: `const it = require('../there')`, or a part of it. */
function isOfAnotherRoom(variable) {
  return variable !== undefined && variable.defs.some(({ type, node }) => {
    let from = type === 'Variable' ? node.init : null;
    while (from && from.type === 'MemberExpression') from = from.object;
    if (!from || from.type !== 'CallExpression' || from.callee.name !== 'require') return false;
    return /^\.\.\/|^\.\/\w+\//.test(from.arguments[0].value);
  });
}

/** What one room sets on another's object, and a third room uses, is a link that no import shows. */
const noSettingAcrossRooms = {
  meta: { messages: { set: '{{name}} is another room\'s: hand this over as an argument, or import it where it is used' } },
  create(context) {
    const check = (target) => {
      let object = target;
      while (object.type === 'MemberExpression') object = object.object;
      if (object === target || object.type !== 'Identifier') return;
      if (isOfAnotherRoom(variableOf(object, object.name, context.sourceCode))) context.report({ node: target, messageId: 'set', data: { name: object.name } });
    };
    const setters = ['assign', 'defineProperty', 'defineProperties', 'setPrototypeOf'];
    return {
      AssignmentExpression: ({ left }) => check(left),
      UpdateExpression: ({ argument }) => check(argument),
      UnaryExpression: ({ operator, argument }) => operator === 'delete' && check(argument),
      CallExpression({ callee, arguments: [first] }) {
        if (callee.type !== 'MemberExpression' || callee.object.name !== 'Object' || !setters.includes(callee.property.name)) return;
        if (first.type === 'Identifier' && isOfAnotherRoom(variableOf(first, first.name, context.sourceCode))) {
          context.report({ node: first, messageId: 'set', data: { name: first.name } });
        }
      },
    };
  },
};

export default { rules: { 'no-setting-across-rooms': noSettingAcrossRooms } };
