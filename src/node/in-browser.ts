// What a browser gets when it asks for a module of Node's part of the package, by `imports` of package.json.

throw new Error('isa-pvpanic: this needs Node')
